"""Buffers of a cell: carried from step to step, written when the sequence has ended."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphError
from graphnet.native.runtime import thread_count
from tests.support.numeric import numeric_gradient, relative_error

STEPS, INPUT, HIDDEN = 5, 3, 4
COMPILED = pytest.mark.parametrize("compiled", [False, True], ids=["interpreted", "compiled"])


class Counting(gn.Module):
    """Passes on its input; counts steps, and keeps a trace of them that has no rows."""

    def __init__(self) -> None:
        self.steps = gn.Buffer(np.array(0))
        self.fading = gn.Buffer((HIDDEN,))

    def compute(self, x: Any) -> Any:
        self.steps.write(self.steps + 1)
        self.fading.write(self.fading * 0.5 + 1)
        return x


class Level(gn.Module):
    """Adds the mean over the batch of all steps so far, of this run and those before."""

    def __init__(self) -> None:
        self.mean = gn.Buffer((HIDDEN,))

    def compute(self, x: Any) -> Any:
        self.mean.write(0.5 * self.mean + 0.5 * x.mean(0))
        return x + self.mean


def normalization() -> gn.Module:
    return nn.BatchNormalization(HIDDEN)


def cell(kind: Any) -> gn.GModule:
    gn.manual_seed(1)
    x, h = gn.input("x"), nn.State(HIDDEN)()
    total = nn.Linear(INPUT, HIDDEN)(x) + nn.Linear(HIDDEN, HIDDEN)(h)
    normed = kind()(total)
    following = nn.Tanh()(normed)
    return gn.GModule([x, h], [following])


def buffers(net: gn.Module) -> list[np.ndarray]:
    return [np.array(buffer.data) for buffer in net.buffers()]


def assert_close(received: Any, expected: Any) -> None:
    assert len(received) == len(expected)
    for left, right in zip(received, expected, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-10, atol=1e-12)


@COMPILED
@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize("rows", [2, HIDDEN, 7])
@pytest.mark.parametrize("kind", [normalization, Level, Counting])
def test_a_sequence_does_what_its_steps_do(
    kind: Any, rows: int, reverse: bool, compiled: bool, rng: np.random.Generator
) -> None:
    net = nn.Recurrent(cell(kind), reverse=reverse).compile(compiled)
    unrolled = nn.unroll(cell(kind), STEPS, reverse=reverse)
    for _ in range(2):
        xs, gradient = rng.normal(size=(STEPS, rows, INPUT)), rng.normal(size=(STEPS, rows, HIDDEN))
        start = np.zeros((rows, HIDDEN))
        assert_close(net.forward(xs), unrolled.forward([xs, start]))
        found = net.backward(xs, [gradient, None])
        expected = unrolled.backward([xs, start], [gradient, None])[0]
        assert_close([found], [expected])
        assert_close(buffers(net), buffers(unrolled))
    pairs = zip(net.parameters(), unrolled.parameters(), strict=True)
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours.grad, theirs.grad, rtol=1e-9, atol=1e-11)


def test_more_threads_than_rows_write_the_last_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread_count, "chosen", 4)
    net = nn.Recurrent(cell(Counting)).compile()
    for _ in range(50):
        net.forward(np.ones((STEPS, 2, INPUT)))
    assert int(net.buffers()[0]) == 50 * STEPS


@COMPILED
def test_a_compiled_step_writes_once(compiled: bool, rng: np.random.Generator) -> None:
    xs, target = rng.normal(size=(STEPS, 6, INPUT)), rng.normal(size=(STEPS, 6, HIDDEN))
    net = nn.Sequential(nn.Recurrent(cell(normalization)), nn.SelectTable(0))
    other = net.clone().compile(compiled)
    step = gn.compile_step(net, nn.MSECriterion())
    for _ in range(3):
        loss = step(xs, target)
        assert loss == pytest.approx(float(nn.MSECriterion().forward(other.forward(xs), target)))
    assert_close(buffers(net), buffers(other))


@COMPILED
def test_evaluation_reads_alone(compiled: bool, rng: np.random.Generator) -> None:
    xs = rng.normal(size=(STEPS, 6, INPUT))
    net = nn.Recurrent(cell(normalization)).compile(compiled)
    net.forward(xs)
    before = buffers(net)
    net.evaluate()
    alone = net.forward(xs[:, :1])[0]
    np.testing.assert_allclose(net.forward(xs)[0][:, :1], alone, rtol=1e-12)  # rows are apart
    assert_close(buffers(net), before)


def test_gradients_through_the_steps(rng: np.random.Generator) -> None:
    xs, weights = rng.normal(size=(3, 4, INPUT)), rng.normal(size=(3, 4, HIDDEN))
    net = nn.Recurrent(cell(normalization))
    net.forward(xs)
    found = net.backward(xs, [weights, None])
    numeric = numeric_gradient(lambda: float((net.forward(xs)[0] * weights).sum()), xs)
    assert relative_error(found, numeric) < 1e-6


@COMPILED
def test_padding_does_not_count(compiled: bool, rng: np.random.Generator) -> None:
    lengths = np.array([5, 2, 4, 1])
    xs = rng.normal(size=(STEPS, 4, INPUT))
    net = nn.Recurrent(cell(normalization)).compile(compiled)
    other = net.clone()
    net.forward(xs, lengths=lengths)
    xs[2:, 1] = np.nan
    other.forward(xs, lengths=lengths)
    assert_close(buffers(net), buffers(other))
    state, layer = np.zeros((4, HIDDEN)), other["normed"].module
    mean, variance = np.zeros(HIDDEN), np.ones(HIDDEN)
    step = cell(normalization)
    for t in range(STEPS):
        live = lengths > t
        if live.sum() < 2:
            break
        run = step.run([xs[t, live], state[live]])
        state[live] = run.outputs
        total = run["total"]
        mean = 0.9 * mean + 0.1 * total.mean(0)
        variance = 0.9 * variance + 0.1 * total.var(0, ddof=1)
    np.testing.assert_allclose(layer.running_mean.data, mean, rtol=1e-10)
    np.testing.assert_allclose(layer.running_var.data, variance, rtol=1e-10)


def test_a_sequence_inside_a_sequence(rng: np.random.Generator) -> None:
    xs = rng.normal(size=(2, STEPS, 3, HIDDEN))
    inner = nn.Sequencer(nn.Sequential(Level(), nn.BatchNormalization(HIDDEN)))
    flat = inner.clone()
    net = nn.Sequencer(inner)
    outputs = net.forward(xs)
    for t in range(2):
        np.testing.assert_allclose(outputs[t], flat.forward(xs[t]), rtol=1e-10)
    assert_close(buffers(net), buffers(flat))


def test_two_sequences_of_one_cell_go_on_from_each_other(rng: np.random.Generator) -> None:
    step = cell(Counting)
    xs = gn.input("xs")
    first = nn.Recurrent(step)(xs)[0]
    second = nn.Recurrent(step, reverse=True)(xs)[0]
    net = gn.GModule([xs], [first, second])
    net.forward(rng.normal(size=(STEPS, 2, INPUT)))
    assert int(net.buffers()[0]) == 2 * STEPS


def test_what_a_step_reads_outside_is_as_it_was_then(rng: np.random.Generator) -> None:
    class Around(gn.Module):
        def __init__(self) -> None:
            self.inner = nn.Sequencer(Level())

        def compute(self, x: Any) -> Any:
            before = self.inner.module.mean + 0.0
            return [before, self.inner.call(x), self.inner.module.mean]

    around = Around()
    x = rng.normal(size=(STEPS, 3, HIDDEN))
    around.forward(x)
    kept = np.array(around.inner.module.mean.data)
    before, _, after = around.forward(x)
    np.testing.assert_array_equal(before, kept)
    np.testing.assert_array_equal(after, around.inner.module.mean.data)


def test_traces_and_remembered_states_go_beside(rng: np.random.Generator) -> None:
    net = nn.Recurrent(cell(normalization)).remember()
    xs = rng.normal(size=(STEPS, 3, INPUT))
    run = net.run(xs, trace=True, trace_weights=True)
    run.backward([np.ones_like(run.outputs[0]), None])
    plain = nn.Recurrent(cell(normalization))
    np.testing.assert_allclose(plain.forward(xs)[0], run.outputs[0], rtol=1e-12)
    assert_close(buffers(net), buffers(plain))


def test_live_cells_read_buffers_and_write_none(rng: np.random.Generator) -> None:
    step = cell(normalization)
    nn.Recurrent(step).forward(rng.normal(size=(STEPS, 6, INPUT)))
    kept = buffers(step)
    live = nn.Live(step, np.zeros((2, INPUT)))
    xs, state = rng.normal(size=(STEPS, 2, INPUT)), live.start()
    expected = nn.Recurrent(step).evaluate().forward(xs)[1]
    for x in xs:
        state = live.step(state, x)
    np.testing.assert_allclose(state[0], expected, rtol=1e-10)
    assert_close(buffers(step), kept)
    step.buffers()[0][...] += 1
    live.refresh()
    changed = live.step(live.start(), xs[0])[0]
    np.testing.assert_allclose(changed, step.forward([xs[0], np.zeros((2, HIDDEN))]), rtol=1e-10)


def test_a_live_cell_that_writes_in_evaluation_is_refused() -> None:
    class Always(gn.Module):
        def __init__(self) -> None:
            self.count = gn.Buffer(np.array(0))

        def compute(self, x: Any) -> Any:
            self.count.write(self.count + 1, in_evaluation=True)
            return x

    with pytest.raises(GraphError, match="draws random numbers, remembers or writes a buffer"):
        nn.Live(cell(Always), np.zeros(INPUT))
