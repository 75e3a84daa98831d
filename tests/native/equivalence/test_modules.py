"""Compiled modules against the uncompiled: values, gradients, and one notice of each kind."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.graph import Module
from graphnet.graph.values import table
from graphnet.source import warn_once
from tests.module_rows import ROWS, Row
from tests.support.numeric import relative_error
from tests.support.processes import python

pytest.importorskip("llvmlite")

TOLERANCE = {"float64": 1e-12, "float32": 1e-5}
OPAQUE = {nn.Function}
"""What runs code of the user's, which nobody compiles: it may be interpreted, with a notice."""
CASES = [
    pytest.param(row, id=f"{name}-{number}" if number else name)
    for name, rows in ROWS.items()
    for number, row in enumerate(rows)
]


def results(module: Module, inputs: Any) -> list[np.ndarray]:
    """Outputs, gradients of the inputs and of the parameters, with the same random numbers."""
    module.seed(1).zero_grad()
    run = module.run(inputs)
    outputs, structure = table.flatten(run.outputs)
    rng = np.random.default_rng(2)
    seeds = [np.asarray(rng.normal(size=output.shape), output.dtype) for output in outputs]
    gradients = table.flatten(run.backward(table.unflatten(structure, seeds)))[0]
    parameters = [parameter.grad.copy() for parameter in module.parameters()]
    return [*outputs, *[g for g in gradients if g is not None], *parameters]


def is_rounding(gradient: np.ndarray, limit: float) -> bool:
    """Whether it is nothing but what rounding leaves of zero, such as the gradient of the bias of
    the keys of an attention, which moves all scores of a query alike."""
    return gradient.dtype.kind == "f" and bool(np.abs(gradient).max(initial=0) < limit / 10)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("row", CASES)
def test_a_module(row: Row, dtype: str, rng: np.random.Generator) -> None:
    """In float64 in training, in float32 in evaluation, where backward computes forward anew."""
    inputs = table.map_table(
        lambda draw: a.astype(dtype) if (a := draw(rng)).dtype.kind == "f" else a, row.input
    )
    module = row.make().astype(dtype).train(dtype == "float64")
    copy = module.clone().compile()
    assert copy.is_compiled
    expected = results(module, inputs)
    with notices() as told:
        found = results(copy, inputs)
        again = [] if has_memory(row) else [results(copy, inputs)]
    largest = max(float(np.abs(wanted).max(initial=0)) for wanted in expected)
    for received, wanted in zip(found, expected, strict=True):
        assert (received.dtype, received.shape) == (wanted.dtype, wanted.shape)
        if not is_rounding(wanted, TOLERANCE[dtype] * largest):
            assert relative_error(received, wanted) < TOLERANCE[dtype]
        assert np.abs(received - wanted).max(initial=0) <= 2 * TOLERANCE[dtype] * max(largest, 1)
    assert told == [] or type(module) in OPAQUE
    for more in again:
        for received, once_more in zip(found, more, strict=True):
            np.testing.assert_array_equal(received, once_more)


@contextmanager
def notices() -> Iterator[list[str]]:
    """The texts of all warnings, also of what was told before in this process."""
    warn_once.cache_clear()
    told: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield told
    told += [str(warning.message) for warning in caught]


def has_memory(row: Row) -> bool:
    """Whether a second run begins where the first ended."""
    return any(
        isinstance(part, nn.Recursor | nn.Sequencer | nn.Recurrent)
        for _, part in row.make().named_modules()
    )


# ---- what has no rule


def with_a_function() -> Module:
    """A cell with the user's own NumPy code in it."""
    x, prev_h = gn.input(), nn.State(4)()
    bent = nn.Function(np.arctan, lambda x, y, g: g / (1 + x**2), lambda shape: shape)
    next_h = nn.Tanh()(nn.CAddTable()([bent(nn.Linear(3, 4)(x)), prev_h * 0.5]))
    second = bent.clone()(next_h)
    return nn.Recurrent(gn.GModule([x, prev_h], [next_h, second]))


def test_one_notice_names_each_node_that_has_no_rule() -> None:
    """In a process of its own: what was told once is not told again."""
    python("from tests.native.equivalence.test_modules import tell; tell()")


def tell() -> None:
    rng = np.random.default_rng(0)
    net = with_a_function()
    compiled = net.clone().compile()
    told = []
    for steps in (3, 3, 5):
        xs = rng.normal(size=(steps, 2, 3))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found = results(compiled, xs)
        told += [str(warning.message) for warning in caught]
        for received, expected in zip(found, results(net, xs), strict=True):
            assert relative_error(received, expected) < 1e-12
    assert len(told) == 2
    for name, text in zip(("function", "second"), told, strict=True):
        assert f"Function '{name}'" in text
        assert "no compiled kernel for call" in text
