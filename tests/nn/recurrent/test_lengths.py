"""Sequences of every length and layout: none, one, without a batch, of any whole dtype, from both ends."""

from __future__ import annotations

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphError, ShapeError
from tests.support.numeric import close
from tests.support.recurrent_loops import (
    BATCH,
    HIDDEN,
    INPUTS,
    STEPS,
    as_list,
    made,
    states_of,
    with_nan,
)

XS = np.ones((5, 4, 3))


def gru(inputs: int = 3, hidden: int = 4) -> nn.Recurrent:
    return nn.Recurrent(nn.gru_cell(inputs, hidden))


def test_lengths_without_a_batch_are_refused(rng: np.random.Generator) -> None:
    with pytest.raises(ShapeError, match=r"lengths for a sequence without batch \(5, 3\)"):
        nn.GRU(3, 3).forward(rng.normal(size=(5, 3)), lengths=np.array([5, 3, 2]))


@pytest.mark.parametrize("steps", [3, 5])
def test_batch_first_leaves_a_sequence_without_batch(steps: int, rng: np.random.Generator) -> None:
    net = nn.GRU(3, 4, batch_first=True)
    plain = nn.from_torch_state_dict(nn.GRU(3, 4), nn.to_torch_state_dict(net))
    xs = rng.normal(size=(steps, 3))
    np.testing.assert_array_equal(net.forward(xs)[0], plain.forward(xs)[0])


@pytest.mark.parametrize("dtype", ["int8", "int32", "uint8", "uint64"])
def test_lengths_may_have_any_whole_dtype(dtype: str) -> None:
    lengths = np.array([5, 3, 0, 1])
    found = gru().forward(XS, lengths=lengths.astype(dtype))[0]
    np.testing.assert_array_equal(
        found != 0, np.arange(5)[:, None, None] < lengths[:, None] + 0 * found
    )


@pytest.mark.parametrize("reverse", [False, True])
def test_an_unrolled_graph_refuses_more_steps(reverse: bool) -> None:
    net = gn.unroll(nn.gru_cell(3, 4), 4, reverse=reverse)
    with pytest.raises(GraphError, match="a table of 5 into 4 outputs"):
        net.forward([XS, np.zeros((4, 4))])


KINDS = ["rnn_cell", "lstm_cell", "gru_cell", "lstm_cell_projected", "sru_cell"]
"""One state, two, states of two sizes, an output that is no state."""


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
