"""What is carried between steps and runs: truncation, steps of zeros that start anew, memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import NumericsError, ShapeError
from tests.support.numeric import weighted_sum
from tests.support.recurrent_loops import BATCH, HIDDEN, INPUTS, as_list, looped, made, states_of


def close(found: Any, expected: Any) -> None:
    """To 1e-12: sums in another order."""
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def check_each_alone(
    cell: gn.GModule, cut: int, lengths: list[int], rng: np.random.Generator
) -> None:
    """Backwards, each sequence counts its pieces from its own end, as it does alone."""
    xs, states = rng.normal(size=(7, BATCH, INPUTS)), states_of(cell, rng, BATCH)
    net = nn.Recurrent(cell, reverse=True, truncate=cut)
    run = net.run([xs, *states], lengths=lengths)
    seeds = [rng.normal(size=value.shape) for value in run.outputs]
    by_xs, *by_states = run.backward(seeds)[: 1 + len(states)]
    for row, length in enumerate(lengths):
        one = slice(row, row + 1)
        if not length:
            assert not by_xs[:, row].any()
            continue
        alone = net.run([xs[:length, one], *[state[one] for state in states]])
        back = alone.backward([seeds[0][:length, one], *[seed[one] for seed in seeds[1:]]])
        close(by_xs[:length, one], back[0])
        for found, expected in zip(by_states, back[1 : 1 + len(states)], strict=True):
            close(found[one], expected)


@pytest.mark.parametrize("lengths", [None, [7, 2, 0, 4]], ids=["full", "lengths"])
@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize("cut", [1, 3, 7, 20])
@pytest.mark.parametrize("name", ["lstm_cell", "sru_cell"])
def test_truncation_equals_pieces_with_states_carried_over(
    name: str, cut: int, reverse: bool, lengths: list[int] | None, rng: np.random.Generator
) -> None:
    cell, steps = made(name, rng), 7
    if reverse and lengths is not None:
        check_each_alone(cell, cut, lengths, rng)
        return
    xs, states = rng.normal(size=(steps, BATCH, INPUTS)), states_of(cell, rng, BATCH)
    optional: dict[str, Any] = {} if lengths is None else {"lengths": lengths}
    net = nn.Recurrent(cell, reverse=reverse, truncate=cut)
    run = net.run([xs, *states], **optional)
    seeds = [rng.normal(size=value.shape) for value in run.outputs]
    by_input = run.backward(seeds)
    found = [parameter.grad.copy() for parameter in cell.parameters()]
    cell.zero_grad()

    by_xs, carried = np.zeros(xs.shape), list(states)
    piecewise = nn.Recurrent(cell, reverse=reverse)
    starts = list(range(0, steps, cut))
    for start in starts:
        stop = min(start + cut, steps)
        begin, end = (steps - stop, steps - start) if reverse else (start, stop)
        if lengths is not None:
            optional = {"lengths": np.clip(np.array(lengths) - begin, 0, end - begin)}
        piece = piecewise.run([xs[begin:end], *carried], **optional)
        close(run.outputs[0][begin:end], piece.outputs[0])
        carried = piece.outputs[1:]
        last = seeds[1:] if start == starts[-1] else [None] * len(states)
        back = piece.backward([seeds[0][begin:end], *last])
        by_xs[begin:end] = back[0]
        if start == 0:
            by_states = back[1 : 1 + len(states)]
    close(by_input[0], by_xs)
    for gradient, expected in zip(by_input[1 : 1 + len(states)], by_states, strict=True):
        close(gradient, expected)
    for gradient, parameter in zip(found, cell.parameters(), strict=True):
        close(gradient, parameter.grad)
    if 1 < cut < steps:
        whole = nn.Recurrent(cell, reverse=reverse).run([xs, *states])
        assert np.abs(whole.backward(seeds)[0] - by_xs).max() > 1e-6


# ---- steps of zeros, and memory


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize("name", nn.CELLS)
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


@pytest.mark.parametrize("name", nn.CELLS)
def test_gradients_past_steps_of_zeros_are_those_of_masked_cells(
    name: str, rng: np.random.Generator
) -> None:
    """``MaskZero`` step by step and backward by hand; parameters by a difference quotient too."""
    cell = made(name, rng)
    xs, states = rng.normal(size=(6, BATCH, INPUTS)), states_of(cell, rng, BATCH)
    xs[2, 0] = xs[4, 0] = xs[0, 1] = 0
    run = nn.Recurrent(cell, mask_zero=True).run([xs, *states])
    seeds = [rng.normal(size=value.shape) for value in run.outputs]
    expected = looped(nn.MaskZero(cell).training(cell.is_training), xs, states, seeds)
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


def test_a_net_that_remembers_goes_on_where_it_stopped(rng: np.random.Generator) -> None:
    cell = made("lstm_cell", rng)
    xs = rng.normal(size=(6, 2, INPUTS))
    whole, *finals = nn.Recurrent(cell).forward(xs)
    net = nn.Recurrent(cell).remember()
    first = net.run(xs[:2])
    second = net.run(xs[2:])
    close(np.concatenate([first.outputs[0], second.outputs[0]]), whole)
    for found, expected in zip(second.outputs[1:], finals, strict=True):
        close(found, expected)
    alone = nn.Recurrent(cell).run([xs[2:], *first.outputs[1:]])
    seed = rng.normal(size=second.outputs[0].shape)
    close(second.backward([seed, None, None]), alone.backward([seed, None, None])[0])

    copy = net.clone()
    start = nn.Recurrent(cell).forward(xs[:2])[0]
    close(copy.forward(xs[:2])[0], start)
    with pytest.raises(
        ShapeError, match=r"remembers a state \(2, 4\) and needs \(3, 4\)\n.*forget"
    ):
        net.forward(np.ones((2, 3, INPUTS)))
    close(net.forget().forward(xs[:2])[0], start)
    close(net.remember("neither").forward(xs[:2])[0], start)
    close(net.forward(xs[:2])[0], start)


@pytest.mark.parametrize("mode", ["train", "eval", "both", "neither"])
@pytest.mark.parametrize("training", [False, True], ids=["evaluation", "training"])
def test_a_net_remembers_in_the_mode_that_was_asked_for(
    mode: str, training: bool, rng: np.random.Generator
) -> None:
    net = nn.Recurrent(made("gru_cell", rng)).training(training).remember(mode)
    xs = rng.normal(size=(2, 1, INPUTS))
    remembers = mode == "both" or mode == ("train" if training else "eval")
    first, second = net.forward(xs)[0], net.forward(xs)[0]
    assert (np.abs(first - second).max() > 1e-6) == remembers


def test_a_state_that_is_given_comes_before_the_one_remembered(rng: np.random.Generator) -> None:
    net = nn.Recurrent(made("gru_cell", rng)).remember()
    xs, prev_h = rng.normal(size=(2, 1, INPUTS)), rng.normal(size=(1, HIDDEN))
    expected = net.forward([xs, prev_h])[0]
    np.testing.assert_array_equal(net.forward([xs, prev_h])[0], expected)
    assert np.abs(net.forward(xs)[0] - expected).max() > 1e-6


def test_a_run_that_fails_leaves_the_memory_as_it_was(rng: np.random.Generator) -> None:
    cell = made("lstm_cell", rng)
    cell["forget_gate.i2h"].weight[:] = 10
    xs = rng.normal(size=(2, 1, INPUTS))
    whole = nn.Recurrent(cell).forward(np.concatenate([xs, xs]))[0]
    net = nn.Recurrent(cell).remember()
    net.forward(xs)
    with pytest.raises(NumericsError, match=r"'forget_gate.i2h' .*inf at .*time step 0"):
        net.forward(np.full((2, 1, INPUTS), 1e308), check_finite=True)
    close(net.forward(xs)[0], whole[2:])
