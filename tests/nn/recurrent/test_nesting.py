"""Sequences as parts of nets: dtypes, copies and files, sequences in each step, tables of inputs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.graph.inspection.executed import executed
from graphnet.ir import Program
from tests.support.cells import OF_EACH_KIND
from tests.support.recurrent_loops import BATCH, HIDDEN, INPUTS, LENGTHS, STEPS, made, with_nan


def dtypes(program: Program) -> Iterator[np.dtype]:
    """The dtypes of all values of a program and of the bodies inside."""
    for equation in program.equations:
        yield from (var.type.dtype for var in equation.outputs)
        for body in equation.bodies():
            yield from dtypes(body)


@pytest.mark.parametrize("name", OF_EACH_KIND)
def test_a_net_of_float32_computes_in_float32(name: str, rng: np.random.Generator) -> None:
    net = nn.Recurrent(nn.CELLS[name](INPUTS, HIDDEN), initial="learned", truncate=2).float()
    xs = rng.normal(size=(STEPS, BATCH, INPUTS))
    run = net.run(xs, lengths=LENGTHS, trace=True, trace_weights=True)
    by_input = run.backward([np.ones(value.shape) for value in run.outputs])
    found = [*run.outputs, by_input[0], *run.weight_grad_by_step.values()]
    found += [parameter.grad for parameter in net.parameters()]
    found += [run[node] for node in run.names] + [run.grad[node] for node in run.names]
    assert {value.dtype for value in found} == {np.dtype(np.float32)}
    derivative = executed(run).traced.differentiated()
    for program in (derivative.forward, derivative.backward):
        assert np.dtype(np.float64) not in set(dtypes(program))


@pytest.mark.parametrize("name", OF_EACH_KIND)
def test_a_sequence_is_saved_and_cloned_with_its_settings(
    name: str, rng: np.random.Generator, tmp_path: Path
) -> None:
    net = nn.Recurrent(
        made(name, rng), batch_first=True, reverse=True, initial="learned", truncate=2,
        mask_zero=True, remembers="neither",
    )  # fmt: skip
    for parameter in net.initial_state.values():
        parameter.data = rng.normal(size=parameter.shape)
    net.evaluate()
    xs = rng.normal(size=(BATCH, STEPS, INPUTS))
    expected = net.forward(xs, lengths=LENGTHS)
    net.save(tmp_path / "net.gn")
    for copy in (gn.load(tmp_path / "net.gn"), net.clone(), net.clone(share=True)):
        assert repr(copy) == repr(net)
        for found, wanted in zip(copy.forward(xs, lengths=LENGTHS), expected, strict=True):
            np.testing.assert_array_equal(found, wanted)
    shared, own = net.clone(share=True), net.clone()
    for state, parameter in net.initial_state.items():
        assert shared.initial_state[state] is parameter
        assert own.initial_state[state] is not parameter
    assert "prev_" in gn.draw(net.cell).source


def test_a_sequence_in_each_step_of_a_sequence(rng: np.random.Generator) -> None:
    inner = made("gru_cell", rng)
    x, prev_h = gn.input(), nn.State(HIDDEN)()
    shown, next_h = nn.Recurrent(inner)(x, prev_h).annotate(name="inner").split(2)
    net = nn.Recurrent(gn.GModule([x, prev_h], [next_h, shown]))
    xs, state = rng.normal(size=(2, STEPS, BATCH, INPUTS)), rng.normal(size=(BATCH, HIDDEN))
    run = net.run([xs, state], trace=True, trace_weights=True)
    flat = nn.Recurrent(inner).run(
        [xs.reshape(2 * STEPS, BATCH, INPUTS), state], trace=True, trace_weights=True
    )
    seeds = [rng.normal(size=value.shape) for value in run.outputs]
    by_input = run.backward(seeds)
    kept = [parameter.grad.copy() for parameter in inner.parameters()]
    inner.zero_grad()
    by_flat = flat.backward([seeds[0].reshape(flat.outputs[0].shape), seeds[1]])
    pairs = [
        (run.outputs[0], flat.outputs[0]),
        (run.outputs[1], flat.outputs[1]),
        (by_input[0], by_flat[0]),
        (by_input[1], by_flat[1]),
        *zip(kept, [parameter.grad for parameter in inner.parameters()], strict=True),
        *[(run[f"inner.{node}"], flat[node]) for node in flat.names],
        *[(run.grad[f"inner.{node}"], flat.grad[node]) for node in flat.names],
        *[(run.weight_grad_by_step[f"inner.{w}"], g) for w, g in flat.weight_grad_by_step.items()],
    ]
    for found, expected in pairs:
        np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=1e-12, atol=1e-12)
    assert run["inner.update_gate"].shape == (2, STEPS, BATCH, HIDDEN)


def test_a_cell_may_take_a_table_at_each_step(rng: np.random.Generator) -> None:
    x, prev_h = gn.input(), nn.State(HIDDEN)()
    left, right = x.split(2)
    total = nn.CAddTable()([nn.Linear(3, HIDDEN)(left), nn.Linear(2, HIDDEN)(right), prev_h])
    next_h = nn.Tanh()(total)
    cell = gn.GModule([x, prev_h], [next_h])
    xs = [rng.normal(size=(STEPS, BATCH, size)) for size in (3, 2)]
    padded = [with_nan(part, LENGTHS) for part in xs]
    outputs, last = nn.Recurrent(cell).forward([padded, None], lengths=LENGTHS)
    for row, length in enumerate(LENGTHS):
        state = np.zeros(HIDDEN)
        for t in range(length):
            state = cell.forward([[part[t, row] for part in xs], state])
            np.testing.assert_allclose(outputs[t, row], state, rtol=1e-13, atol=1e-14)
        np.testing.assert_allclose(last[row], state, rtol=1e-13, atol=1e-14)
    assert outputs[1, 1].all()


X = np.random.default_rng(0).normal(size=(6, 2, 3))


def test_a_decoder_does_not_disturb_the_weights_of_a_cell() -> None:
    net = nn.Sequential(nn.Recurrent(nn.rnn_cell(3, 4)), nn.SelectTable(0), nn.Linear(4, 2))
    run = net.run(X, trace_weights=["weight"])
    run.backward(np.ones((6, 2, 2)))
    assert set(run.weight_grad_by_step) == {"0.i2h.weight", "0.h2h.weight"}
