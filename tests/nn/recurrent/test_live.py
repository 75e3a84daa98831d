"""Live: cells that run step by step, against the same cells run as modules."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphError, IndexRangeError, ShapeError
from tests.support.cells import OF_EACH_KIND

STEPS = 6
TOLERANCE = {np.float32: 1e-5, np.float64: 1e-12}


def followed(live: nn.Live, cell: gn.GModule, xs: np.ndarray, tolerance: float) -> None:
    """Each step gives what the cell gives for the same states."""
    state: Any = live.start()
    expected: list[np.ndarray] = [np.array(s) for s in state]
    for x in xs:
        found = cell.forward([x, *expected])
        found = found if isinstance(found, list) else [found]
        state = live.step(state, x)
        assert len(state) == len(found)
        for left, right in zip(state, found, strict=True):
            np.testing.assert_allclose(left, right, rtol=tolerance, atol=tolerance)
        expected = found[: len(expected)]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("batch", [(), (1,), (3,)])
@pytest.mark.parametrize("name", OF_EACH_KIND)
def test_every_cell(name: str, batch: tuple[int, ...], dtype: Any) -> None:
    cell = nn.CELLS[name](5, 7).astype(dtype).evaluate()
    xs = np.random.default_rng(0).normal(size=(STEPS, *batch, 5)).astype(dtype)
    followed(nn.Live(cell, xs[0]), cell, xs, TOLERANCE[dtype])


def test_further_results(rng: np.random.Generator) -> None:
    x, h = gn.input("x"), nn.State(4)().annotate(name="h")
    next_h = nn.Tanh()(nn.CAddTable()([nn.Linear(3, 4)(x), h]))
    cell = gn.GModule([x, h], [next_h, nn.Linear(4, 2)(next_h)]).evaluate()
    followed(nn.Live(cell, np.zeros(3)), cell, rng.normal(size=(STEPS, 3)), 1e-12)


def test_indices(rng: np.random.Generator) -> None:
    x, h = gn.input("x"), nn.State(4)().annotate(name="h")
    next_h = nn.Tanh()(nn.CAddTable()([nn.LookupTable(9, 4)(x), h]))
    cell = gn.GModule([x, h], [next_h]).evaluate()
    live = nn.Live(cell, np.zeros(2, int))
    followed(live, cell, rng.integers(0, 9, (STEPS, 2)), 1e-12)
    with pytest.raises(IndexRangeError, match="received index 9, expected 0 to 8"):
        live.step(live.start(), np.array([1, 9]))
    followed(live, cell, rng.integers(0, 9, (STEPS, 2)), 1e-12)


def test_states_from_elsewhere_and_any_order(rng: np.random.Generator) -> None:
    cell = nn.gru_cell(3, 4).evaluate()
    live = nn.Live(cell, np.zeros(3))
    x = rng.normal(size=3)
    for h in rng.normal(size=(5, 4)):
        (found,) = live.step([h], x)
        np.testing.assert_allclose(found, cell.forward([x, h]), rtol=1e-12)
        again = live.step([found], x)[0].copy()  # the same state, not in the list it came in
        np.testing.assert_allclose(again, cell.forward([x, cell.forward([x, h])]), rtol=1e-12)


def test_a_result_stays_for_one_more_step(rng: np.random.Generator) -> None:
    live = nn.Live(nn.rnn_cell(3, 4), np.zeros(3))
    first = live.step(live.start(), rng.normal(size=3))
    kept = first[0].copy()
    second = live.step(first, rng.normal(size=3))
    np.testing.assert_array_equal(first[0], kept)
    assert not np.array_equal(second[0], kept)


def test_weights_are_taken_at_the_start_and_when_asked(rng: np.random.Generator) -> None:
    cell = nn.lstm_cell(3, 4).evaluate()
    live = nn.Live(cell, np.zeros(3))
    x = rng.normal(size=3)
    before = [s.copy() for s in live.step(live.start(), x)]
    for parameter in cell.parameters():
        parameter[...] = 2 * parameter.data
    for old, same in zip(before, live.step(live.start(), x), strict=True):
        np.testing.assert_array_equal(old, same)
    live.refresh()
    followed(live, cell, rng.normal(size=(STEPS, 3)), 1e-12)


def test_modes_stay_as_they_were() -> None:
    cell = nn.CELLS["lstm_cell_variational"](3, 4)
    cell["forget_gate.h2h"].module.evaluate()
    modes = [module.is_training for _, module in cell.named_modules()]
    assert set(modes) == {True, False}
    nn.Live(cell, np.zeros(3))
    assert [module.is_training for _, module in cell.named_modules()] == modes


def test_a_step_allocates_nothing_that_stays(rng: np.random.Generator) -> None:
    pytest.importorskip("llvmlite", reason="the interpreter makes new arrays")
    live = nn.Live(nn.lstm_cell(64, 64), np.zeros(64))
    assert live.is_compiled
    x, state = rng.normal(size=64), live.start()
    for _ in range(3):
        state = live.step(state, x)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        for _ in range(100):
            state = live.step(state, x)
        now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert now - before < 64 * 8, "less than one array of 64 numbers"
    assert peak - before < 64 * 8 * 4, "no arrays on the way"


def test_results_that_are_inputs(rng: np.random.Generator) -> None:
    """A delay line, states that change places, and the input itself."""
    x, a, b = gn.input("x"), nn.State(3)().annotate(name="a"), nn.State(3)().annotate(name="b")
    new = nn.CAddTable()([nn.Linear(3, 3)(x), b])
    shown = nn.Identity()(x)
    cell = gn.GModule([x, a, b], [new, nn.Identity()(a), shown]).evaluate()
    xs = rng.normal(size=(STEPS, 3))
    live = nn.Live(cell, xs[0])
    followed(live, cell, xs, 1e-12)
    first = live.step(live.start(), xs[0])
    live.step(first, xs[1])
    np.testing.assert_array_equal(first[2], xs[0])


def test_weights_that_are_results_can_be_written_to(rng: np.random.Generator) -> None:
    cell = nn.rnn_cell(3, 4).evaluate()
    x, h = gn.input("x"), nn.State(4)().annotate(name="h")
    cell = gn.GModule([x, h], [nn.Tanh()(nn.Linear(3, 4)(x) + h), nn.Add(4)(h)]).evaluate()
    live = nn.Live(cell, np.zeros(3))
    for array in live.step(live.start(), np.ones(3)):
        array[...] = 7
    followed(live, cell, rng.normal(size=(STEPS, 3)), 1e-12)


def test_a_step_that_failed_leaves_no_trace(rng: np.random.Generator) -> None:
    x, h = gn.input("x"), nn.State(4)().annotate(name="h")
    next_h = nn.Tanh()(nn.CAddTable()([nn.LookupTable(9, 4)(x), h]))
    cell = gn.GModule([x, h], [next_h]).evaluate()
    live = nn.Live(cell, np.zeros(2, int))
    state = live.step(live.step(live.start(), np.array([1, 2])), np.array([3, 4]))
    kept = state[0].copy()
    with pytest.raises(IndexRangeError):
        live.step(state, np.array([1, 99]))
    (found,) = live.step(state, np.array([5, 6]))
    np.testing.assert_allclose(found, cell.forward([np.array([5, 6]), kept]), rtol=1e-12)


def test_a_product_that_begins_from_a_weight(rng: np.random.Generator) -> None:
    """What a run overwrites is no weight that was prepared once."""
    x, h = gn.input("x"), nn.State(4)().annotate(name="h")
    inner = nn.CAddTable()([nn.Linear(3, 4, bias=False)(x), TurnedBias()(h)])
    cell = gn.GModule([x, h], [nn.CAddTable()([nn.Tanh()(inner), h])]).evaluate()
    followed(nn.Live(cell, np.zeros((2, 3))), cell, rng.normal(size=(STEPS, 2, 3)), 1e-12)


class TurnedBias(gn.Module):
    """A bias (batch of 2, 4) that is stored transposed."""

    def __init__(self) -> None:
        self.weight = gn.Parameter((4, 2))

    def compute(self, h: Any) -> Any:
        return self.weight.T


FAULTS: list[tuple[Any, str]] = [
    (lambda live: live.step(live.start(), np.zeros(4)), r"an input \(4,\), expected \(3,\)"),
    (lambda live: live.step(live.start(), [[0.0] * 3]), r"an input \(1, 3\), expected \(3,\)"),
    (lambda live: live.step(live.start()[:1], np.zeros(3)), "1 states, expected 2"),
    (lambda live: live.step([np.zeros(4), np.zeros(5)], np.zeros(3)), r"a state \(5,\), exp"),
    (lambda live: live.step(None, np.zeros(3)), "None as its states, expected 2 arrays"),
    (lambda live: live.step(3, np.zeros(3)), "3 as its states, expected 2 arrays"),
    (lambda live: live.step(np.zeros(()), np.zeros(3)), "as its states, expected 2 arrays"),
]


@pytest.mark.parametrize(("wrong", "message"), FAULTS)
def test_faults(wrong: Any, message: str) -> None:
    live = nn.Live(nn.lstm_cell(3, 4), np.zeros(3))
    with pytest.raises(ShapeError, match=message):
        wrong(live)
    live.step(live.start(), np.zeros(3))


def test_what_cannot_be_live() -> None:
    with pytest.raises(GraphError, match="Live received Linear, expected a cell"):
        nn.Live(nn.Linear(3, 4), np.zeros(3))  # type: ignore[arg-type]
    for layer in (nn.LSTM(3, 4), nn.stack(nn.gru_cell(3, 4))):
        with pytest.raises(GraphError, match=r"a layer that runs over sequences .*\n.*lstm_cell"):
            nn.Live(layer, np.zeros(3))
    with pytest.raises(ShapeError, match="expects"):
        nn.Live(nn.lstm_cell(3, 4), np.zeros(5))
    with pytest.raises(ShapeError, match=r"the tuple \(2, 3\).*\n  np\.zeros\(\(2, 3\)\) is"):
        nn.Live(nn.lstm_cell(3, 4), (2, 3))
