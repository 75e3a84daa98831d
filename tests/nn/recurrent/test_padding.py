"""Padding: what stands behind the end of a sequence, and steps of zeros, change nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import NumericsError
from graphnet.graph import Module
from tests.support.cells import OF_EACH_KIND
from tests.support.numeric import close, weighted_sum
from tests.support.recurrent_loops import (
    BATCH,
    HIDDEN,
    INPUTS,
    STEPS,
    as_list,
    looped,
    made,
    states_of,
)


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize("name", OF_EACH_KIND)
def test_a_step_of_zeros_is_padding_and_starts_anew(
    name: str, reverse: bool, rng: np.random.Generator
) -> None:
    cell = made(name, rng)
    xs = rng.normal(size=(6, 2, INPUTS))
    xs[2, 0] = xs[4, 0] = xs[0, 1] = 0
    states = [np.zeros((2, node.module.size)) for node in cell.inputs[1:]]
    net = nn.Recurrent(cell, mask_zero=True, reverse=reverse)
    outputs, *finals = net.forward(xs)
    carry = states
    for t in range(5, -1, -1) if reverse else range(6):
        live = xs[t].any(-1, keepdims=True)
        shown = as_list(cell.forward([xs[t], *carry]))
        close(outputs[t], shown[-1] * live)
        carry = [state * live for state in shown[: len(states)]]
    for found, expected in zip(finals, carry, strict=True):
        close(found, expected)
    assert not outputs[2, 0].any()


@pytest.mark.parametrize("name", OF_EACH_KIND)
def test_gradients_past_steps_of_zeros_are_those_of_masked_cells(
    name: str, rng: np.random.Generator
) -> None:
    """``MaskZero`` step by step and backward by hand; parameters by a difference quotient too."""
    cell = made(name, rng)
    xs, states = rng.normal(size=(6, BATCH, INPUTS)), states_of(cell, rng, BATCH)
    xs[2, 0] = xs[4, 0] = xs[0, 1] = 0
    run = nn.Recurrent(cell, mask_zero=True).run([xs, *states])
    seeds = [rng.normal(size=value.shape) for value in run.outputs]
    expected = looped(nn.MaskZero(cell).train(cell.is_training), xs, states, seeds)
    by_input = run.backward(seeds)
    for found, wanted in zip(run.outputs, expected.results, strict=True):
        close(found, wanted)
    for found, wanted in zip(by_input, expected.by_input, strict=True):
        close(found, wanted)
    for path, parameter in cell.named_parameters():
        close(parameter.grad, expected.weights[path].sum(0))
    assert not by_input[0][xs == 0].any()
    assert by_input[0][1, 1].any()
    net = nn.Recurrent(cell, mask_zero=True)
    values, gradients = net.flatten_parameters()
    way, kept, step = rng.normal(size=values.shape), values.copy(), 1e-4
    losses = []
    for multiple in (-2, -1, 1, 2):
        values[:] = kept + multiple * step * way
        losses.append(weighted_sum(net.forward([xs, *states]), seeds))
    quotient = (losses[0] - 8 * losses[1] + 8 * losses[2] - losses[3]) / (12 * step)
    # 1e-8 is what differences leave: rounding of about 1e-15 / 1e-4 over a hundred terms.
    assert float(gradients @ way) == pytest.approx(quotient, rel=1e-8, abs=1e-8)


XS = np.ones((5, 4, 3))


def gru(inputs: int = 3, hidden: int = 4) -> nn.Recurrent:
    return nn.Recurrent(nn.gru_cell(inputs, hidden))


@pytest.mark.parametrize("function", [nn.Log, lambda: nn.Power(-1)])
def test_padding_does_not_spoil_the_gradients_of_a_function_without_a_slope_at_zero(
    function: Callable[[], Module], rng: np.random.Generator
) -> None:
    x, prev_h = gn.input(), nn.State(4)()
    next_h = nn.Tanh()(nn.CAddTable()([nn.Linear(3, 4)(function()(x)), prev_h]))
    net = nn.Recurrent(gn.GModule([x, prev_h], [next_h]))
    run = net.run(rng.uniform(1, 2, size=(5, 2, 3)), lengths=[5, 2])
    by_xs = run.backward([np.ones((5, 2, 4)), None])[0]
    assert np.isfinite(by_xs).all()
    assert all(np.isfinite(parameter.grad).all() for parameter in net.parameters())


def test_check_finite_leaves_padding_alone() -> None:
    xs = XS.copy()
    xs[2:, 1] = np.nan
    outputs, _ = gru().forward(xs, lengths=[5, 2, 5, 5], check_finite=True)
    assert np.isfinite(outputs).all()


def test_the_output_of_a_residual_stack_is_zero_in_the_padding() -> None:
    xs = XS.copy()
    xs[2:, 1] = np.nan
    net = nn.stack(nn.gru_cell(3, 3), connection="residual")
    assert not net.forward(xs, lengths=[5, 2, 5, 5])[0][2:, 1].any()


def test_words_in_the_padding_may_be_any_number(rng: np.random.Generator) -> None:
    word, prev_h = gn.input(), nn.State(HIDDEN)()
    vector = nn.LookupTable(9, 3)(word)
    next_h = made("rnn_cell", rng)([vector, prev_h])
    net = nn.Recurrent(gn.GModule([word, prev_h], [next_h]))
    words = rng.integers(1, 9, size=(STEPS, 2))
    padded = words.copy()
    padded[2:, 1] = -99
    run = net.run(padded, lengths=[STEPS, 2])
    outputs, last = run.outputs
    np.testing.assert_array_equal(outputs[:, 0], net.forward(words)[0][:, 0])
    np.testing.assert_array_equal(outputs[:2, 1], net.forward(words)[0][:2, 1])
    np.testing.assert_array_equal(last[1], outputs[1, 1])
    seed = rng.normal(size=outputs.shape)
    assert run.backward([seed, None])[0] is None
    found = net["vector"].weight.grad.copy()
    net.zero_grad()
    net.run(words[:, :1]).backward([seed[:, :1], None])
    net.run(words[:2, 1:]).backward([seed[:2, 1:], None])
    np.testing.assert_allclose(found, net["vector"].weight.grad, rtol=1e-12, atol=1e-13)


X = np.random.default_rng(0).normal(size=(6, 2, 3))


@pytest.mark.parametrize("batch_first", [False, True])
def test_check_finite_reads_no_padding(batch_first: bool) -> None:
    xs = X.copy()
    xs[3:, 1] = np.nan
    net = nn.LSTM(3, 4, batch_first=batch_first)
    given = xs.swapaxes(0, 1) if batch_first else xs
    net.forward(given, lengths=[6, 3], check_finite=True)
    with pytest.raises(
        NumericsError, match=r"Linear 'layer1\.\w+\.i2h' .*produces nan .*time step 3"
    ):
        net.forward(given, lengths=[6, 4], check_finite=True)
