"""Variational dropout, zoneout and recurrent dropout: masks, exact values, sequences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import ShapeError
from tests.support.cells import inputs_of


def sequence(cell: gn.GModule, steps: int, rng: np.random.Generator) -> list[np.ndarray]:
    xs = rng.normal(size=(steps, 8, 3))
    return [xs, *inputs_of(cell, xs[0], rng)[1:]]


def test_variational_masks_are_the_same_at_each_step() -> None:
    x, prev_h = gn.input(), nn.State(50)()
    masked = nn.VariationalDropout(0.3)(prev_h)
    next_h = nn.CAddTable()([masked, x])
    net = nn.Recurrent(gn.GModule([x, prev_h], [next_h, masked]))
    xs = np.ones((6, 4, 50))
    masks, _ = net.forward([xs, np.ones((4, 50))])
    zero = masks == 0
    assert (zero == zero[0]).all()
    assert 0.15 < zero[0].mean() < 0.45
    np.testing.assert_allclose(masks[0][~zero[0]], 1 / 0.7, rtol=1e-15)
    again, _ = net.forward([xs, np.ones((4, 50))])
    assert ((again == 0) != zero).any()
    plain, _ = net.evaluate().forward([xs, np.ones((4, 50))])
    np.testing.assert_array_equal(plain[0], 1)


def test_the_variational_cell_in_training(rng: np.random.Generator) -> None:
    cell = nn.lstm_cell_variational(3, 4, p=0.5)
    data = inputs_of(cell, rng.normal(size=(8, 3)), rng)
    run = cell.run(data)
    for name, whole in (("dropped_x", data[0]), ("dropped_h", data[2])):
        kept = run[name] != 0
        assert 0 < kept.mean() < 1
        np.testing.assert_allclose(run[name], kept * whole * 2, rtol=1e-15)
    plain = nn.lstm_cell(3, 4)
    copy_parameters(cell, plain)
    expected = plain.forward([run["dropped_x"], data[1], run["dropped_h"]])
    for found, wanted in zip(run.outputs, expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_the_variational_cell_over_a_sequence(rng: np.random.Generator) -> None:
    """Without a state and without biases, what x does at one step, it does at all steps."""
    cell = nn.lstm_cell_variational(3, 4, p=0.5, bias=False)
    cell["forget_gate.i2h"].weight[:] = -1e6  # forgets, as long as x is positive and not dropped
    for gate in ("input_gate", "forget_gate", "output_gate", "candidate"):
        cell[f"{gate}.h2h"].weight[:] = 0
    x = np.abs(rng.normal(size=(8, 3))) + 0.1
    hs, _, _ = nn.Recurrent(cell).seed(2).forward([np.stack([x] * 5), *np.zeros((2, 8, 4))])
    alive = (hs != 0).any(2)
    assert alive.any()
    assert (alive == alive[0]).all()
    np.testing.assert_allclose(hs[1:], hs[:-1], rtol=1e-12)


def copy_parameters(source: gn.GModule, target: gn.GModule) -> None:
    for name, parameter in source.named_parameters():
        target.parameters()[name].data = parameter.data


def test_zoneout_keeps_exact_values_in_training(rng: np.random.Generator) -> None:
    cell = nn.lstm_cell_zoneout(3, 40, p_c=0.5, p_h=0.2)
    data = inputs_of(cell, rng.normal(size=(50, 3)), rng)
    run = cell.run(data)
    for name, previous, p in (("c", data[1], 0.5), ("h", data[2], 0.2)):
        proposed, found = run[f"proposed_{name}"], run[f"next_{name}"]
        kept = found == previous
        np.testing.assert_array_equal(found, np.where(kept, previous, proposed))
        assert kept.mean() == pytest.approx(p, abs=0.05)
    plain = nn.lstm_cell(3, 40)
    copy_parameters(cell, plain)
    np.testing.assert_array_equal(plain.forward(data)[1], run["proposed_h"])


def test_zoneout_over_a_sequence_draws_anew_at_each_step(rng: np.random.Generator) -> None:
    cell = nn.lstm_cell_zoneout(3, 40, p_h=0.5)
    hs, _, _ = nn.Recurrent(cell).forward(sequence(cell, 6, rng))
    kept = hs[1:] == hs[:-1]
    assert ((kept.mean((1, 2)) > 0.4) & (kept.mean((1, 2)) < 0.6)).all()
    assert (kept[1:] != kept[:-1]).any()


def test_recurrent_dropout_in_training(rng: np.random.Generator) -> None:
    cell = nn.lstm_cell_recurrent_dropout(3, 40, p=0.5)
    data = inputs_of(cell, rng.normal(size=(50, 3)), rng)
    run = cell.run(data)
    kept = run["dropped_candidate"] != 0
    assert kept.mean() == pytest.approx(0.5, abs=0.05)
    np.testing.assert_allclose(run["dropped_candidate"], kept * run["candidate"] * 2, rtol=1e-14)
    remembered = run["forget_gate"] * data[1]
    np.testing.assert_array_equal(run["next_c"][~kept], remembered[~kept])


@pytest.mark.parametrize("make", [nn.Zoneout, nn.VariationalDropout])
def test_a_p_that_is_no_probability_is_refused(make: Callable[[float], nn.Zoneout]) -> None:
    with pytest.raises(ValueError, match="p is 1, expected 0 <= p < 1"):
        make(1)


def test_what_the_new_modules_reject() -> None:
    with pytest.raises(ShapeError, match=r"two arrays of one shape"):
        nn.Zoneout().forward([np.zeros((2, 3)), np.zeros((2, 4))])
    with pytest.raises(ShapeError, match=r"an array \(…, 4\), received \(2, 3\)"):
        nn.LayerNorm(4).forward(np.zeros((2, 3)))
    with pytest.raises(ShapeError, match=r"reads outputs 4 to 7 of \(2, 6\)"):
        nn.LayerPart(4, 4, np.zeros((8, 3))).forward(np.zeros((2, 6)))
