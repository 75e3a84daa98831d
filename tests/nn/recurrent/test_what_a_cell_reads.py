"""Cells that read tables and sequences: in each step, as constants, and in sequences inside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from tests.support.notices import notices_ignored
from tests.support.numeric import numeric_gradient, relative_error, weighted_sum

STEPS, BATCH, INNER, SIZE = 3, 2, 4, 3
LENGTHS = [3, 1]


def table_cell() -> gn.GModule:
    """Of a pair at each step."""
    x, prev_h = gn.input(), nn.State(SIZE)()
    left, right = x.split(2)
    next_h = nn.Tanh()(nn.Linear(2, SIZE)(left) + nn.Linear(SIZE, SIZE)(right) + prev_h)
    return gn.GModule([x, prev_h], [next_h])


def inner_cell() -> gn.GModule:
    """Each step runs a GRU over a sequence of its own, from the state."""
    x, prev_h = gn.input(), nn.State(SIZE)()
    outputs, next_h = nn.Recurrent(nn.gru_cell(2, SIZE))(x, prev_h).annotate(name="inner").split(2)
    return gn.GModule([x, prev_h], [next_h, nn.Mean(0)(outputs)])


def encoding_cell() -> gn.GModule:
    """Each step encodes a constant sequence anew, in both directions, beginning from the state."""
    x, sequence, prev_h = gn.input(), gn.input(), nn.State(SIZE)()
    both = nn.Bidirectional(nn.rnn_cell(2, SIZE), nn.rnn_cell(2, SIZE), merge="sum")
    start = nn.Linear(2, SIZE)(x) + prev_h
    made = both(sequence, forward_prev_h=start, backward_prev_h=prev_h).annotate(name="inner")
    output, forward, backward = made.split(3)
    next_h = nn.Tanh()(nn.Max(0)(output) + forward * backward)
    return gn.GModule([x, sequence, prev_h], [next_h])


def looking_cell() -> gn.GModule:
    """An inner sequence, each step of which reads the outer constant."""
    x, memory, prev_h = gn.input(), gn.input(), nn.State(SIZE)()
    look = nn.attention_decoder_cell(2, SIZE, 2, attention_size=2, cell=nn.rnn_cell)
    inner = nn.Recurrent(look, output="output", constants=["memory"])
    shown, next_h = inner(x, memory=memory, prev_h=prev_h).annotate(name="inner").split(2)
    return gn.GModule([x, memory, prev_h], [next_h, shown])


def drawn(*shape: int) -> Callable[[np.random.Generator], np.ndarray]:
    return lambda rng: rng.normal(size=shape)


CASES: dict[str, tuple[Callable[[], gn.GModule], list[str], Any, list[Any]]] = {
    "a table": (table_cell, [], [drawn(STEPS, BATCH, 2), drawn(STEPS, BATCH, SIZE)], []),
    "a sequence": (inner_cell, [], drawn(STEPS, INNER, BATCH, 2), []),
    "a constant sequence": (
        encoding_cell, ["sequence"], drawn(STEPS, BATCH, 2), [drawn(INNER, BATCH, 2)],
    ),
    "a sequence with a constant": (
        looking_cell, ["memory"], drawn(STEPS, INNER, BATCH, 2), [drawn(BATCH, 5, 2)],
    ),
}  # fmt: skip


def made(name: str, rng: np.random.Generator) -> tuple[gn.GModule, list[str], list[Any]]:
    """A cell, its constants, and the inputs of its sequence: xs, constants, the state."""
    make, constants, xs, fixed = CASES[name]
    values = [draw(rng) for draw in xs] if isinstance(xs, list) else xs(rng)
    state = rng.normal(size=(BATCH, SIZE))
    return make(), constants, [values, *[draw(rng) for draw in fixed], state]


def leaves(value: Any) -> list[np.ndarray]:
    if isinstance(value, list | tuple):
        return [leaf for part in value for leaf in leaves(part)]
    return [value]


@pytest.mark.parametrize("name", CASES)
def test_a_sequence_is_the_loop_over_its_cell(name: str, rng: np.random.Generator) -> None:
    cell, constants, inputs = made(name, rng)
    xs, *fixed, state = inputs
    outputs, last = nn.Recurrent(cell, constants=constants).forward(inputs)
    for t in range(STEPS):
        x = [part[t] for part in xs] if isinstance(xs, list) else xs[t]
        results = cell.forward([x, *fixed, state])
        state = results[0] if isinstance(results, list | tuple) else results
        shown = results[-1] if isinstance(results, list | tuple) else results
        np.testing.assert_allclose(outputs[t], shown, rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(last, state, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("options", [{}, {"reverse": True}], ids=["forward", "reverse"])
@pytest.mark.parametrize("name", CASES)
def test_gradients_are_the_difference_quotients(
    name: str, options: dict[str, Any], rng: np.random.Generator
) -> None:
    cell, constants, inputs = made(name, rng)
    net = nn.Recurrent(cell, constants=constants, **options)
    lengths = [] if "sequence" in name and "constant sequence" not in name else [np.array(LENGTHS)]
    given = [*inputs, *lengths]
    run = net.run(given)
    seeds = [rng.normal(size=output.shape) for output in run.outputs]
    by_input = run.backward(seeds)

    def scalar() -> float:
        return weighted_sum(leaves(net.forward(given)), seeds)

    for leaf, gradient in zip(leaves(inputs), leaves(by_input), strict=False):
        assert relative_error(gradient, numeric_gradient(scalar, leaf)) < 1e-6
    for parameter in net.parameters():
        assert relative_error(parameter.grad, numeric_gradient(scalar, parameter.data)) < 1e-6


@pytest.mark.parametrize("name", CASES)
def test_compiled_it_is_the_same(name: str, rng: np.random.Generator) -> None:
    cell, constants, inputs = made(name, rng)
    net = nn.Recurrent(cell, constants=constants)
    results = []
    with notices_ignored():  # of what runs interpreted
        for compiled in (False, True):
            net.compile(compiled).zero_grad()
            run = net.run(inputs)
            by_input = run.backward([np.ones(output.shape) for output in run.outputs])
            grads = [parameter.grad.copy() for parameter in net.parameters()]
            results.append([*run.outputs, *leaves(by_input), *grads])
    for expected, found in zip(*results, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)


def test_a_trace_of_a_sequence_inside_has_the_steps_of_both(rng: np.random.Generator) -> None:
    cell, constants, inputs = made("a sequence with a constant", rng)
    net = nn.Recurrent(cell, constants=constants)
    run = net.run(inputs, trace=["inner.attention.weights", "inner.memory"])
    assert run["inner.attention.weights"].shape == (STEPS, INNER, BATCH, 5)
    run.backward([np.ones(output.shape) for output in run.outputs])
    whole = run.backward([np.ones(output.shape) for output in run.outputs])[1]
    by_step = run.grad["inner.memory"]
    assert by_step.shape == (STEPS, INNER, BATCH, 5, 2)
    np.testing.assert_allclose(by_step.sum((0, 1)), whole, rtol=1e-11, atol=1e-13)
