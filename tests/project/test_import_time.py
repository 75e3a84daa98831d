"""``import graphnet`` loads what most programs need, and no more."""

from __future__ import annotations

from tests.support.processes import python

HEAVY = {"llvmlite", "matplotlib", "platformdirs", "pygraphviz", "torch", "typer", "wasmtime"}


def test_the_import_waits_for_no_package_that_few_calls_need() -> None:
    """``gn.train`` and ``gn.optim`` are there at once; plots, compiler and Graphviz come later."""
    code = "import sys, graphnet as gn; gn.train.Trainer; gn.optim.Adam; print(*sys.modules)"
    loaded = {name.partition(".")[0] for name in python(code).split()}
    assert "graphnet" in loaded
    assert HEAVY & loaded == set()
