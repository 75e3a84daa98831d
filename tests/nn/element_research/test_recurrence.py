"""Recurrence, BiSequencerLM and SeqLSTMP against their loops in NumPy, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import ArgumentError, GraphnetError, ShapeError


def elman() -> nn.Sequential:
    return nn.Sequential(
        nn.ParallelTable(nn.Linear(3, 4), nn.Linear(4, 4)), nn.CAddTable(), nn.Tanh()
    )


def two_states() -> gn.GModule:
    """A step whose output is a table of two, each of which the next step reads."""
    x, previous = gn.input(), gn.input()
    h, total = previous.split(2)
    next_h = nn.Tanh()(nn.Linear(3, 4)(x) + nn.Linear(4, 4)(h))
    return gn.GModule([x, previous], [next_h, total + nn.Linear(4, 2)(next_h)])


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("input_dims", [1, 0])
def test_a_recurrence_feeds_its_output_back(
    compiled: bool, input_dims: int, rng: np.random.Generator
) -> None:
    step = elman()
    net = nn.Sequencer(nn.Recurrence(step, 4, input_dims))
    net = net.compile() if compiled else net
    xs, h = rng.normal(size=(5, 2, 3)), np.zeros((2, 4))
    expected = []
    for x in xs:
        h = step.forward([x, h])
        expected.append(h)
    np.testing.assert_allclose(net.forward(xs), expected)
    np.testing.assert_allclose(net.forward(list(xs)), expected)


def test_a_recurrence_of_tables(rng: np.random.Generator) -> None:
    step = two_states()
    net = nn.Sequencer(nn.Recurrence(step, [[4], [2]]))
    xs, state = rng.normal(size=(5, 2, 3)), [np.zeros((2, 4)), np.zeros((2, 2))]
    for x, *outputs in zip(xs, *net.forward(xs), strict=True):
        state = step.forward([x, state])
        for received, expected in zip(outputs, state, strict=True):
            np.testing.assert_allclose(received, expected)


def test_a_recurrence_remembers(rng: np.random.Generator) -> None:
    net = nn.Sequencer(nn.Recurrence(elman(), 4))
    xs = rng.normal(size=(6, 2, 3))
    whole = net.forward(xs)
    net.remember()
    parts = [net.forward(part) for part in (xs[:2], xs[2:])]
    np.testing.assert_allclose(np.concatenate(parts), whole)


@pytest.mark.parametrize("compiled", [False, True])
def test_each_step_is_merged_of_those_before_and_after(
    compiled: bool, rng: np.random.Generator
) -> None:
    ahead, back = nn.Recursor(nn.rnn_cell(3, 2)), nn.Recursor(nn.gru_cell(3, 2))
    net = nn.BiSequencerLM(ahead, back)
    net = net.compile() if compiled else net
    xs, zeros = rng.normal(size=(5, 2, 3)), np.zeros((1, 2, 2))
    before = np.concatenate([zeros, nn.Sequencer(ahead).forward(xs[:-1])])
    after = np.concatenate([nn.Sequencer(back, reverse=True).forward(xs[1:]), zeros])
    expected = np.concatenate([before, after], -1)
    np.testing.assert_allclose(net.forward(xs), expected)
    np.testing.assert_allclose(net.forward(list(xs)), expected)
    seed = rng.normal(size=(5, 2, 4))
    net.forward(xs)
    gradient = net.backward(xs, seed)
    net.forward(list(xs))
    np.testing.assert_allclose(net.backward(list(xs), list(seed)), gradient)


@pytest.mark.parametrize("make", [nn.BiSequencer, nn.BiSequencerLM])
def test_merge_is_a_module_or_a_number_of_axes(
    make: Callable[..., gn.GModule], rng: np.random.Generator
) -> None:
    step = nn.Recursor(nn.rnn_cell(3, 2))
    xs = rng.normal(size=(4, 2, 3))
    joined = make(step, step).forward(xs)
    np.testing.assert_array_equal(make(step, step, 1).forward(xs), joined)
    added = make(step, step, nn.CAddTable()).forward(xs)
    np.testing.assert_allclose(added, joined[..., :2] + joined[..., 2:])
    by_name = make(fwd=step, bwd=step, merge=None)
    np.testing.assert_array_equal(by_name.forward(xs), joined)


def test_a_projected_lstm(rng: np.random.Generator) -> None:
    lstm = nn.SeqLSTMP(3, 4, 2)
    cell = lstm.recurrent.cell
    xs, c, h = rng.normal(size=(5, 2, 3)), np.zeros((2, 4)), np.zeros((2, 2))
    assert all(cell[f"{g}.h2h"].module.bias is None for g in ("input_gate", "candidate"))
    for x, received in zip(xs, lstm.forward(xs), strict=True):
        c, h = cell.forward([x, c, h])
        np.testing.assert_allclose(received, h)
    np.testing.assert_allclose(
        nn.SeqLSTMP(3, 4, outputsize=2, batchfirst=True).forward(xs).shape,  # type: ignore[call-arg]
        (5, 2, 2),
    )


STEP = nn.Recursor(nn.rnn_cell(3, 2))
REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: nn.Recurrence(elman(), [3, 4]), ValueError, r"\[3, 4\], expected a number, or lists"),
    (lambda: nn.Recurrence(elman(), 4, 2), ValueError, "input_dims is 2, expected 1, or 0 for"),
    (lambda: nn.Recurrence(elman(), 0), ValueError, "output_size is 0, expected a whole number"),
    (lambda: nn.Recurrence(elman(), 4, rho=9), ArgumentError, "Sequences have any length"),  # type: ignore[call-arg]
    (lambda: nn.Recurrence(3, 4), ArgumentError, "receives module 3, expected a module"),  # type: ignore[arg-type]
    (lambda: nn.BiSequencerLM(STEP, merge="x"), ArgumentError, "receives merge 'x', expected"),  # type: ignore[arg-type]
    (lambda: nn.SeqLSTMP(3, 4, 0), ValueError, "is 0, expected a whole number from 1"),
    (
        lambda: nn.BiSequencerLM(STEP).forward(np.ones((1, 2, 3))),
        ShapeError,
        r"\(1, 2, 3\), expected a sequence of at least 2 steps",
    ),
    (
        lambda: nn.Sequencer(nn.Recurrence(elman(), 5)).forward(np.ones((2, 2, 3))),
        GraphnetError,
        r"expects an array \(…, 4\), received \(2, 5\)",
    ),
]


@pytest.mark.parametrize(("make", "error", "message"), REFUSED)
def test_what_is_refused(make: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
