"""Every cell over sequences: against a plain loop, the unrolled graph and finite differences."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.graph.inspection.executed import executed
from graphnet.ir import Program, differentiate, run_program, trace
from graphnet.ir.core.trace import inline
from tests.support.cells import OF_EACH_KIND
from tests.support.numeric import close, weighted_sum
from tests.support.recurrent_loops import (
    BATCH,
    HIDDEN,
    INPUTS,
    LENGTHS,
    STEPS,
    as_list,
    looped,
    made,
    padding,
    states_of,
    with_nan,
)


def test_every_cell_is_covered() -> None:
    functions = {
        name
        for name, value in vars(nn).items()
        if "_cell" in name and inspect.isfunction(value)
        if {"input_size", "hidden_size"} <= set(inspect.signature(value).parameters)
        if "memory_size" not in inspect.signature(value).parameters  # tests/nn/attention
    }  # a cell wired of modules that it is given, such as feedback_cell, is tested with these
    assert functions <= set(nn.CELLS)
    assert functions >= {"lstm_cell", "gru_cell", "rnn_cell", "sru_cell"}


@pytest.mark.parametrize("traced", [False, True], ids=["plain", "traced"])
@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "lengths"])
@pytest.mark.parametrize("name", OF_EACH_KIND)
def test_a_cell_over_a_sequence_equals_the_loop(
    name: str, lengths: list[int] | None, reverse: bool, traced: bool, rng: np.random.Generator
) -> None:
    check_against_the_loop(name, lengths, reverse, traced, rng)


@pytest.mark.parametrize("name", [name for name in nn.CELLS if name not in OF_EACH_KIND])
def test_a_cell_with_all_options_equals_the_loop(name: str, rng: np.random.Generator) -> None:
    check_against_the_loop(name, LENGTHS, reverse=True, traced=True, rng=rng)


def check_against_the_loop(
    name: str, lengths: list[int] | None, reverse: bool, traced: bool, rng: np.random.Generator
) -> None:
    cell = made(name, rng)
    xs, states = rng.normal(size=(STEPS, BATCH, INPUTS)), states_of(cell, rng, BATCH)
    outputs = nn.Recurrent(cell).forward([xs, *states])
    seeds = [rng.normal(size=value.shape) for value in outputs]
    expected = looped(cell, xs, states, seeds, lengths=lengths, reverse=reverse)

    optional = {} if lengths is None else {"lengths": lengths}
    run = nn.Recurrent(cell, reverse=reverse).run(
        [with_nan(xs, lengths), *states], trace=traced, trace_weights=traced, **optional
    )
    by_input = run.backward(seeds)
    for found, wanted in zip(run.outputs, expected.results, strict=True):
        close(found, wanted)
    for found, wanted in zip(by_input[: 1 + len(states)], expected.by_input, strict=True):
        close(found, wanted)
    dead = padding(lengths)
    assert not run.outputs[0][dead].any()
    assert not by_input[0][dead].any()
    for path, parameter in cell.named_parameters():
        close(parameter.grad, expected.weights[path].sum(0), path)
    if traced:
        assert set(run.names) == set(expected.nodes)
        for node in run.names:
            close(run[node], expected.nodes[node], node)
            close(run.grad[node], expected.node_gradients[node], node)
            assert not run[node][dead].any(), node
            assert not run.grad[node][dead].any(), node
        steps = run.weight_grad_by_step
        assert set(steps) == set(expected.weights)
        for path, parameter in cell.named_parameters():
            close(steps[path], expected.weights[path], path)
            close(steps[path].sum(0), parameter.grad, path)
    else:
        assert run.names == []


def directional(function: Any, arrays: list[np.ndarray], ways: list[np.ndarray]) -> float:
    """The derivative of a function of arrays along a direction; fourth order in the step."""
    step = 1e-4

    def at(multiple: int) -> float:
        return float(function([a + multiple * step * w for a, w in zip(arrays, ways, strict=True)]))

    return (at(-2) - 8 * at(-1) + 8 * at(1) - at(2)) / (12 * step)


def check_along_each_input(
    function: Any, arrays: list[np.ndarray], found: list[np.ndarray], rng: np.random.Generator
) -> None:
    """Each gradient against the difference quotient along a random direction of its array.

    1e-8 is what differences leave of float64 here: rounding 1e-16 / 1e-4, truncation 1e-16.
    """
    for index, gradient in enumerate(found):
        ways = [np.zeros(a.shape) for a in arrays]
        ways[index] = rng.normal(size=arrays[index].shape)
        expected = directional(function, arrays, ways)
        assert float((gradient * ways[index]).sum()) == pytest.approx(expected, rel=1e-8, abs=1e-8)


def program_of(
    net: nn.Recurrent, data: list[np.ndarray], **optional: Any
) -> tuple[Program, list[np.ndarray]]:
    """The program of a run: a function of states, sequences and parameters alone."""
    run = net.run(data, keep=False, **optional)
    return executed(run).traced.program, executed(run).arrays


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize("name", OF_EACH_KIND)
def test_first_and_second_gradients_equal_finite_differences(
    name: str, reverse: bool, rng: np.random.Generator
) -> None:
    cell = made(name, rng)
    data = [rng.normal(size=(3, 2, INPUTS)), *states_of(cell, rng, 2)]
    program, arrays = program_of(nn.Recurrent(cell, reverse=reverse), data)
    count = len(program.outputs)
    first = differentiate(program, program.inputs)
    values = run_program(first.forward, arrays)
    weights = [rng.normal(size=v.shape) for v in values[:count]]
    back = run_program(first.backward, [*values[count:], *weights])
    assert None not in first.slots
    gradients = [back[slot] for slot in first.slots if slot is not None]
    check_along_each_input(
        lambda inputs: weighted_sum(run_program(program, inputs), weights), arrays, gradients, rng
    )

    def composed(*inputs: Any) -> Any:
        results = inline(first.forward, inputs)
        return inline(first.backward, [*results[count:], *[v * 0.5 for v in results[:count]]])

    twice = trace(composed, *[var.type for var in program.inputs])
    twice.check()
    second = differentiate(twice, twice.inputs)
    values = run_program(second.forward, arrays)
    weights = [rng.normal(size=v.shape) for v in values[: len(twice.outputs)]]
    back = run_program(second.backward, [*values[len(twice.outputs) :], *weights])
    assert None not in second.slots
    gradients = [back[slot] for slot in second.slots if slot is not None]
    check_along_each_input(
        lambda inputs: weighted_sum(run_program(twice, inputs), weights), arrays, gradients, rng
    )


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize("name", OF_EACH_KIND)
def test_the_scan_equals_the_unrolled_graph(
    name: str, reverse: bool, rng: np.random.Generator
) -> None:
    cell = made(name, rng)
    data = [rng.normal(size=(STEPS, BATCH, INPUTS)), *states_of(cell, rng, BATCH)]
    unrolled = gn.unroll(cell, STEPS, reverse=reverse).train(cell.is_training)
    scanned = nn.Recurrent(cell, reverse=reverse)
    expected = unrolled.run(data)
    run = scanned.run(data, trace=True)
    seeds = [rng.normal(size=value.shape) for value in run.outputs]
    by_input = expected.backward(seeds)
    kept = {path: p.grad.copy() for path, p in cell.named_parameters()}
    cell.zero_grad()
    for found, wanted in zip(run.backward(seeds), by_input, strict=True):
        close(found, wanted)
    for found, wanted in zip(run.outputs, expected.outputs, strict=True):
        close(found, wanted)
    for path, parameter in cell.named_parameters():
        close(parameter.grad, kept[path], path)
    assert len(kept) == len(cell.parameters())
    for t in range(STEPS):  # no node of the cell reads its last output, as tanh reads next_c
        gradient = as_list(expected.grad[f"step{t + 1}"])[-1]
        close(run.grad[cell.name_of(cell.outputs[-1])][t], gradient, f"step {t}")


@pytest.mark.parametrize("name", OF_EACH_KIND)
def test_batch_first_is_the_transposed_layout(name: str, rng: np.random.Generator) -> None:
    cell = made(name, rng)
    xs, states = rng.normal(size=(STEPS, BATCH, INPUTS)), states_of(cell, rng, BATCH)
    seeds = [rng.normal(size=(STEPS, BATCH, as_list(cell.forward([xs[0], *states]))[-1].shape[-1]))]
    run = nn.Recurrent(cell).run([xs, *states], lengths=LENGTHS)
    by_xs = run.backward([*seeds, *[None] * len(states)])[0]
    other = nn.Recurrent(cell, batch_first=True).run([xs.swapaxes(0, 1), *states], lengths=LENGTHS)
    swapped = other.backward([seeds[0].swapaxes(0, 1), *[None] * len(states)])[0]
    close(other.outputs[0], run.outputs[0].swapaxes(0, 1))
    close(swapped, by_xs.swapaxes(0, 1))
    assert swapped.shape == (BATCH, STEPS, INPUTS)
    assert HIDDEN != STEPS
    for found, wanted in zip(other.outputs[1:], run.outputs[1:], strict=True):
        close(found, wanted)
