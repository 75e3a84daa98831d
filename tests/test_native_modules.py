"""Compiled modules and cells against the uncompiled: values, gradients, and one notice of each kind."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.graph import Module, table
from tests.module_rows import ROWS, Row
from tests.native_programs import notices_ignored, python
from tests.numeric import relative_error

pytest.importorskip("llvmlite")

from tests.test_native_scan import check

TOLERANCE = {"float64": 1e-12, "float32": 1e-5}
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


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("row", CASES)
def test_a_module(row: Row, dtype: str, rng: np.random.Generator) -> None:
    """In float64 in training, in float32 in evaluation, where backward computes forward anew."""
    inputs = table.map_table(
        lambda draw: a.astype(dtype) if (a := draw(rng)).dtype.kind == "f" else a, row.input
    )
    module = row.make().astype(dtype).training(dtype == "float64")
    copy = module.clone().compile()
    assert copy.is_compiled
    expected = results(module, inputs)
    with notices_ignored():
        found = results(copy, inputs)
        again = results(copy, inputs) if not has_memory(row) else found
    assert len(found) == len(expected)
    for received, once_more, wanted in zip(found, again, expected, strict=True):
        assert (received.dtype, received.shape) == (wanted.dtype, wanted.shape)
        assert relative_error(received, wanted) < TOLERANCE[dtype]
        np.testing.assert_array_equal(received, once_more)


def has_memory(row: Row) -> bool:
    """Whether a second run begins where the first ended."""
    return any(
        isinstance(part, nn.Recursor | nn.Sequencer | nn.Recurrent)
        for _, part in row.make().named_modules()
    )


# ---- cells: with tests/test_native_scan.py, where each runs with none of the options and with all,
# every pair of options is met by every cell

OPTIONS = {
    "lengths": {"lengths": True, "reverse": False, "trace": False},
    "reverse": {"lengths": False, "reverse": True, "trace": False},
    "trace": {"lengths": False, "reverse": False, "trace": True},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("name", nn.CELLS)
def test_a_cell(name: str, options: dict[str, bool], rng: np.random.Generator) -> None:
    dtype = "float32" if options["lengths"] else "float64"
    net = nn.Recurrent(nn.CELLS[name](3, 5), reverse=options["reverse"]).astype(dtype)
    shown = net.cell.name_of(net.cell.outputs[-1])
    more: dict[str, Any] = {"lengths": np.array([4, 0, 1])} if options["lengths"] else {}
    if options["trace"]:
        more["trace"] = [shown]
    with notices_ignored():
        check(net, rng.normal(size=(4, 3, 3)), TOLERANCE[dtype], **more)


@pytest.mark.parametrize("name", ["rnn_cell", "gru_cell", "lstm_cell_zoneout", "sru_cell"])
def test_both_directions(name: str, rng: np.random.Generator) -> None:
    net = nn.Bidirectional(nn.CELLS[name](3, 4), nn.CELLS[name](3, 4))
    with notices_ignored():
        check(net, rng.normal(size=(5, 2, 3)), 1e-12, lengths=np.array([2, 5]))


def test_steps_and_batches_of_every_size(rng: np.random.Generator) -> None:
    """One compiled net, sentences of every length in batches of every size."""
    net = nn.Recurrent(nn.lstm_cell(3, 5))
    compiled = net.clone().compile()
    for steps, batch in [(4, 2), (1, 1), (9, 0), (7, 13), (4, 2), (31, 17)]:
        xs = rng.normal(size=(steps, batch, 3))
        for found, expected in zip(results(compiled, xs), results(net, xs), strict=True):
            assert relative_error(found, expected) < 1e-12


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
    python("from tests.test_native_modules import notices; notices()")


def notices() -> None:
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
        assert "no native rule for call" in text
