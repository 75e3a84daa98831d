"""What tab completion shows of a public module is what it exports, and nothing else."""

from __future__ import annotations

from types import ModuleType

import pytest

import graphnet as gn
from graphnet import drawing, nn, ops, optim, train


@pytest.mark.parametrize(
    "module", [gn, nn, ops, optim, train, drawing], ids=lambda module: module.__name__
)
def test_dir_shows_the_public_names_alone(module: ModuleType) -> None:
    assert dir(module) == sorted(module.__all__)
    assert len(set(module.__all__)) == len(module.__all__)
    for name in module.__all__:
        assert not name.startswith("_")
        assert hasattr(module, name)


def test_nothing_of_another_library_is_public() -> None:
    for module in (nn, ops, optim, train, drawing):
        for name in module.__all__:
            home = getattr(getattr(module, name), "__module__", None)
            assert home is None or home.startswith("graphnet"), f"{module.__name__}.{name}"
