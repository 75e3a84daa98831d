"""The traps of recurrent nets: padding, directions, initial and final states."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from tests.support.numeric import numeric_gradient, relative_error, weighted_sum
from tests.support.recurrent_loops import (
    BATCH,
    HIDDEN,
    INPUTS,
    LENGTHS,
    STEPS,
    as_list,
    looped,
    made,
    states_of,
    with_nan,
)

KINDS = ["rnn_cell", "lstm_cell", "gru_cell", "lstm_cell_projected", "sru_cell"]
"""One state, two, states of two sizes, an output that is no state."""


def close(found: Any, expected: Any) -> None:
    """To 1e-12: sums in another order."""
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize("name", KINDS)
def test_each_sequence_is_as_if_run_alone(
    name: str, reverse: bool, rng: np.random.Generator
) -> None:
    cell = made(name, rng)
    lengths = [3, STEPS, 1, 3]
    xs, states = rng.normal(size=(STEPS, BATCH, INPUTS)), states_of(cell, rng, BATCH)
    net = nn.Recurrent(cell, reverse=reverse)
    outputs, *finals = net.forward([with_nan(xs, lengths), *states], lengths=lengths)
    for row, length in enumerate(lengths):
        alone, *last = net.forward([xs[:length, row], *[state[row] for state in states]])
        close(outputs[:length, row], alone)
        assert not outputs[length:, row].any()
        for found, expected in zip(finals, last, strict=True):
            close(found[row], expected)


def test_the_reverse_direction_starts_at_the_last_real_step(rng: np.random.Generator) -> None:
    cell = made("gru_cell", rng)
    xs = rng.normal(size=(STEPS, 2, INPUTS))
    outputs, last = nn.Recurrent(cell, reverse=True).forward(xs, lengths=[STEPS, 2])
    close(outputs[1, 1], cell.forward([xs[1, 1], np.zeros(HIDDEN)]))
    close(outputs[0], last)


@pytest.mark.parametrize("lengths", [[0, 0, 0, 0], [2, 0, 5, 0]])
@pytest.mark.parametrize("name", KINDS)
def test_an_empty_sequence_keeps_its_states(
    name: str, lengths: list[int], rng: np.random.Generator
) -> None:
    cell = made(name, rng)
    states = states_of(cell, rng, BATCH)
    run = nn.Recurrent(cell).run(
        [with_nan(np.zeros((STEPS, BATCH, INPUTS)), lengths), *states], lengths=lengths
    )
    seeds = [rng.normal(size=value.shape) for value in run.outputs]
    by_xs, *by_states = run.backward(seeds)[: 1 + len(states)]
    empty = np.array(lengths) == 0
    assert not run.outputs[0][:, empty].any()
    assert not by_xs[:, empty].any()
    for final, state, gradient, seed in zip(
        run.outputs[1:], states, by_states, seeds[1:], strict=True
    ):
        np.testing.assert_array_equal(final[empty], state[empty])
        np.testing.assert_array_equal(gradient[empty], seed[empty])
    if empty.all():
        assert not any(parameter.grad.any() for parameter in cell.parameters())


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize("name", nn.CELLS)
def test_one_step_is_the_cell(name: str, reverse: bool, rng: np.random.Generator) -> None:
    cell = made(name, rng)
    x, states = rng.normal(size=(BATCH, INPUTS)), states_of(cell, rng, BATCH)
    shown = as_list(cell.forward([x, *states]))
    outputs, *finals = nn.Recurrent(cell, reverse=reverse).forward([x[None], *states])
    np.testing.assert_array_equal(outputs[0], shown[-1])
    for found, expected in zip(finals, shown, strict=False):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("lengths", [None, np.zeros(0, int)], ids=["full", "lengths"])
@pytest.mark.parametrize("name", nn.CELLS)
def test_a_batch_of_nothing_runs(name: str, lengths: np.ndarray | None) -> None:
    cell = nn.CELLS[name](INPUTS, HIDDEN)
    optional = {} if lengths is None else {"lengths": lengths}
    run = nn.Recurrent(cell).run(np.zeros((STEPS, 0, INPUTS)), trace=True, **optional)
    by_input = run.backward([np.zeros(value.shape) for value in run.outputs])
    assert run.outputs[0].shape[:2] == (STEPS, 0)
    assert all(final.shape[0] == 0 for final in run.outputs[1:])
    assert as_list(by_input)[0].shape == (STEPS, 0, INPUTS)
    assert run.names
    assert all(run[node].shape[:2] == (STEPS, 0) for node in run.names)
    assert not any(parameter.grad.any() for parameter in cell.parameters())


# ---- initial states


def seeded_loss(net: gn.Module, inputs: Any, seeds: list[Any], **named: Any) -> float:
    return weighted_sum(net.forward(inputs, **named), seeds)


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize("name", nn.CELLS)
def test_a_learned_initial_state_gets_its_gradient(
    name: str, reverse: bool, rng: np.random.Generator
) -> None:
    cell = made(name, rng)
    net = nn.Recurrent(cell, initial="learned", reverse=reverse)
    names = [cell.name_of(node) for node in cell.inputs[1:]]
    assert list(net.initial_state) == names
    xs, lengths = rng.normal(size=(3, 2, INPUTS)), [3, 1]
    zero = nn.Recurrent(cell, reverse=reverse).forward(xs)[0]
    np.testing.assert_allclose(net.forward(xs)[0], zero, rtol=1e-13, atol=1e-15)
    for parameter in net.initial_state.values():
        parameter.data = rng.normal(size=parameter.shape)
    start = [np.tile(net.initial_state[n].data, (2, 1)) for n in names]
    given = net.forward([xs, *start], lengths=lengths)
    run = net.run(xs, lengths=lengths)
    for found, expected in zip(run.outputs, given, strict=True):  # BLAS takes another way with rows
        np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15)  # that are all the same
    seeds = [rng.normal(size=value.shape) for value in run.outputs]
    run.backward(seeds)
    for state in names:
        parameter = net.initial_state[state]
        expected = numeric_gradient(
            lambda: seeded_loss(net, xs, seeds, lengths=lengths), parameter.data
        )
        assert relative_error(parameter.grad, expected) < 1e-8


def test_some_states_may_be_given_and_others_learned(rng: np.random.Generator) -> None:
    net = nn.Recurrent(made("lstm_cell", rng), initial="learned")
    for parameter in net.initial_state.values():
        parameter.data = rng.normal(size=HIDDEN)
    xs, prev_h = rng.normal(size=(STEPS, 2, INPUTS)), rng.normal(size=(2, HIDDEN))
    run = net.run(xs, prev_h=prev_h)
    learned = np.tile(net.initial_state["prev_c"].data, (2, 1))
    for found, expected in zip(run.outputs, net.forward([xs, learned, prev_h]), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15)
    run.backward([np.ones(run.outputs[0].shape), None, None])
    assert net.initial_state["prev_c"].grad.all()
    assert not net.initial_state["prev_h"].grad.any()


def test_two_sequences_of_one_cell_add_gradients_and_start_apart(
    rng: np.random.Generator,
) -> None:
    cell = made("gru_cell", rng)
    first, second = (nn.Recurrent(cell, initial="learned", reverse=r) for r in (False, True))
    xs = gn.input()
    left, left_last = first(xs).split(2)
    right, right_last = second(xs).split(2)
    net = gn.GModule([xs], [left, left_last, right, right_last])
    assert len(net.parameters()) == len(cell.parameters()) + 2
    first.initial_state["prev_h"].data[:] = 1
    assert not second.initial_state["prev_h"].data.any()
    data = rng.normal(size=(STEPS, 2, INPUTS))
    run = net.run(data)
    seeds = [rng.normal(size=value.shape) for value in run.outputs]
    by_xs = run.backward(seeds)
    together = [parameter.grad.copy() for parameter in cell.parameters()]
    starts = [part.initial_state["prev_h"].grad.copy() for part in (first, second)]
    net.zero_grad()
    total = np.zeros(data.shape)
    for part, grads, start in zip((first, second), (seeds[:2], seeds[2:]), starts, strict=True):
        alone = part.run(data)
        total += alone.backward(grads)
        close(part.initial_state["prev_h"].grad, start)
    close(by_xs, total)
    for gradient, parameter in zip(together, cell.parameters(), strict=True):
        close(gradient, parameter.grad)
    assert np.abs(starts[0] - starts[1]).max() > 1e-6


# ---- final states


@pytest.mark.parametrize("name", nn.CELLS)
def test_gradients_may_come_through_the_final_states_alone(
    name: str, rng: np.random.Generator
) -> None:
    cell = made(name, rng)
    xs, states = rng.normal(size=(STEPS, BATCH, INPUTS)), states_of(cell, rng, BATCH)
    run = nn.Recurrent(cell).run([xs, *states], lengths=LENGTHS)
    seeds = [np.zeros(run.outputs[0].shape)]
    seeds += [rng.normal(size=value.shape) for value in run.outputs[1:]]
    expected = looped(cell, xs, states, seeds, lengths=LENGTHS)
    by_input = run.backward([None, *seeds[1:]])
    for found, wanted in zip(by_input[: 1 + len(states)], expected.by_input, strict=True):
        close(found, wanted)
    for path, parameter in cell.named_parameters():
        close(parameter.grad, expected.weights[path].sum(0))


def test_the_last_output_of_two_directions_is_not_their_last_states(
    rng: np.random.Generator,
) -> None:
    forward, backward = made("gru_cell", rng), made("gru_cell", rng)
    net = nn.Bidirectional(forward, backward)
    xs, lengths = rng.normal(size=(STEPS, 2, INPUTS)), [STEPS, 3]
    output, forward_last, backward_last = net.forward(xs, lengths=lengths)
    for row, length in enumerate(lengths):
        np.testing.assert_array_equal(output[length - 1, row, :HIDDEN], forward_last[row])
        np.testing.assert_array_equal(output[0, row, HIDDEN:], backward_last[row])
        close(
            output[length - 1, row, HIDDEN:],
            backward.forward([xs[length - 1, row], np.zeros(HIDDEN)]),
        )
    assert np.abs(output[-1, 0, HIDDEN:] - backward_last[0]).max() > 1e-3
