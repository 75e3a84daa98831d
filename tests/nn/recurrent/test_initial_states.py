"""Initial states: zeros, given or learned; final states and their gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphError
from tests.support.cells import OF_EACH_KIND
from tests.support.numeric import close, numeric_gradient, relative_error, weighted_sum
from tests.support.recurrent_loops import (
    BATCH,
    HIDDEN,
    INPUTS,
    LENGTHS,
    STEPS,
    looped,
    made,
    states_of,
)


def joined_cell() -> gn.GModule:
    """A cell that does not say how wide its state ``a`` is: a layer reads it joined to the input."""
    x, a, b = gn.input("x"), gn.input("a"), nn.State(4)()
    next_a = nn.Tanh()(nn.Linear(2 + 7, 7)(nn.JoinTable(-1)([x, a])))
    return gn.GModule([x, a, b], [next_a, nn.Tanh()(b + nn.Linear(2, 4)(x))])


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("batch", [(), (3,)])
def test_a_state_that_is_given_tells_its_own_size(
    batch: tuple[int, ...], batch_first: bool
) -> None:
    net = nn.Recurrent(joined_cell(), batch_first=batch_first)
    steps = (*batch, 5) if batch_first else (5, *batch)
    xs, a = np.ones((*steps, 2)), np.ones((*batch, 7))
    outputs, last_a, last_b = net.forward(xs, a=a)
    assert (outputs.shape, last_a.shape, last_b.shape) == ((*steps, 4), (*batch, 7), (*batch, 4))
    whole = net.forward([xs, a, np.zeros((*batch, 4))])
    np.testing.assert_array_equal(outputs, whole[0])


def test_of_a_cell_that_tells_one_size_the_other_state_is_given() -> None:
    xs, a, b = np.ones((5, 3, 2)), np.ones((3, 7)), np.ones((3, 4))
    cell = joined_cell()
    expected = nn.Recurrent(cell).forward([xs, a, np.zeros((3, 4))])
    learned = nn.Recurrent(cell, initial="learned")
    assert list(learned.initial_state) == ["b"]
    for net in (nn.Recurrent(cell), learned):
        for found in (net.forward(xs, a=a), net.forward([xs, a, None]), net.forward(xs=xs, a=a)):
            np.testing.assert_array_equal(found[0], expected[0])
    whole = nn.Recurrent(cell).forward(xs, a, b)
    learned.initial_state["b"][:] = 1
    np.testing.assert_array_equal(learned.forward(xs, a=a)[0], whole[0])
    learned.backward(xs, [np.ones((5, 3, 4)), None, None], a=a)
    assert learned.initial_state["b"].grad.any()
    with pytest.raises(GraphError, match=r"cannot tell how wide the states \(a, b\) are"):
        learned.forward(xs)


def test_no_state_can_be_learned_where_no_size_is_told() -> None:
    x, a = gn.input("x"), gn.input("a")
    next_a = nn.Tanh()(nn.Linear(2 + 7, 7)(nn.JoinTable(-1)([x, a])))
    with pytest.raises(GraphError, match=r"cannot tell how wide the states \(a\) are"):
        nn.Recurrent(gn.GModule([x, a], [next_a]), initial="learned")


def test_a_state_that_nobody_tells_is_asked_for() -> None:
    with pytest.raises(GraphError, match=r"cannot tell how wide the states \(a, b\) are"):
        nn.Recurrent(joined_cell()).forward(np.ones((5, 3, 2)))


X = np.random.default_rng(0).normal(size=(6, 2, 3))


def test_learned_states_have_the_dtype_of_the_cell() -> None:
    net = nn.Recurrent(nn.rnn_cell(3, 4).float(), initial="learned")
    assert net.forward(X)[0].dtype == np.float32


def seeded_loss(net: gn.Module, inputs: Any, seeds: list[Any], **named: Any) -> float:
    return weighted_sum(net.forward(inputs, **named), seeds)


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize("name", OF_EACH_KIND)
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


@pytest.mark.parametrize("name", OF_EACH_KIND)
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
