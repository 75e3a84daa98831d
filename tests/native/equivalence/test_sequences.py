"""Compiled sequences against the interpreter: every cell, direction and kind of sequence."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import IndexRangeError, NumericsError
from graphnet.graph import Module
from graphnet.graph.inspection.executed import executed, traces_of
from graphnet.graph.values import table
from graphnet.ir.core.primitive import PrimitiveKind

pytest.importorskip("llvmlite")

from graphnet.native import optimised
from graphnet.native.execution import native_pieces
from graphnet.native.llvm.target import compilations, processor
from graphnet.source import warn_once
from tests.support.processors import LESSER

TOLERANCE = {"float64": 1e-12, "float32": 1e-5}


def worst(found: Any, expected: Any) -> float:
    """The largest difference, relative to the largest entry."""
    left, right = np.asarray(found, float), np.asarray(expected, float)
    assert left.shape == right.shape
    return float(np.abs(left - right).max(initial=0) / max(np.abs(right).max(initial=0), 1e-3))


def check(net: Module, inputs: Any, tolerance: float, **options: Any) -> None:
    """Outputs, traces and all gradients of the net, compiled and not."""
    runs = []
    rng = np.random.default_rng(1)
    for on in (False, True):
        net.compile(on).seed(3)
        net.zero_grad()
        run = net.run(inputs, **options)
        outputs = run.outputs if isinstance(run.outputs, list) else [run.outputs]
        if not runs:
            seeds = [rng.normal(size=np.shape(value)) for value in outputs]
        back = run.backward(seeds if isinstance(run.outputs, list) else seeds[0])
        leaves = [
            *outputs,
            *(v for v in (back if isinstance(back, list) else [back]) if v is not None),
        ]
        leaves = [v for v in leaves if not isinstance(v, list)]
        leaves += [np.array(p.grad) for p in net.parameters()]
        kept = [values[name] for name in run.names for values in (run, run.grad)]
        leaves += [v for v in table.flatten(kept)[0] if v is not None]
        runs.append(leaves)
    assert len(runs[0]) == len(runs[1])
    for found, expected in zip(runs[1], runs[0], strict=True):
        assert worst(found, expected) < tolerance


def interpreted(net: Module) -> list[str]:
    """The primitives of the programs that ran compiled which ran interpreted."""
    programs = [
        program.memo["compiled"]
        for traced in traces_of(net)
        for program in (traced.differentiated().forward, traced.differentiated().backward)
    ]
    assert programs
    names = [e.primitive.name for program in programs for e in program.equations]
    assert names.count("compiled") >= len(programs)
    return [name for name in names if name != "compiled"]


@pytest.mark.parametrize("name", nn.CELLS)
def test_every_cell(name: str) -> None:
    """Both directions, both types, lengths and traces, each at least once for each cell."""
    xs = np.random.default_rng(0).normal(size=(6, 5, 5))
    net = nn.Recurrent(nn.CELLS[name](5, 7), reverse=True, initial="learned")
    shown = net.cell.name_of(net.cell.outputs[-1])
    check(net, xs, TOLERANCE["float64"], trace=[shown], lengths=np.array([6, 0, 2, 1, 6]))
    assert not interpreted(net)
    net = nn.Recurrent(nn.CELLS[name](5, 7)).float()
    check(net, xs, TOLERANCE["float32"])
    assert not interpreted(net)


SHAPES = [(1, 1, 1, 1), (3, 0, 4, 5), (2, 14, 16, 16), (3, 13, 31, 33)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_sizes_at_the_edges_of_registers(dtype: str, shape: tuple[int, int, int, int]) -> None:
    steps, batch, inputs, hidden = shape
    net = nn.Recurrent(nn.lstm_cell(inputs, hidden)).astype(dtype)
    xs = np.random.default_rng(0).normal(size=(steps, batch, inputs))
    check(net, xs, TOLERANCE[dtype])


def without_batch(rng: np.random.Generator) -> tuple[Module, Any]:
    return nn.Recurrent(nn.lstm_cell(3, 4)), rng.normal(size=(5, 3))


def bidirectional(rng: np.random.Generator) -> tuple[Module, Any]:
    net = nn.LSTM(3, 4, num_layers=2, bidirectional=True, dropout=0.3)
    return gn.GModule(x := gn.input(), nn.SelectTable(0)(net(x))), rng.normal(size=(5, 2, 3))


def truncated(rng: np.random.Generator) -> tuple[Module, Any]:
    return nn.Recurrent(nn.gru_cell(3, 4), truncate=2), rng.normal(size=(7, 2, 3))


def masked(rng: np.random.Generator) -> tuple[Module, Any]:
    xs = rng.normal(size=(7, 3, 3))
    xs[2, 1] = xs[5] = 0
    return nn.Recurrent(nn.gru_cell(3, 4), mask_zero=True), xs


def nested(rng: np.random.Generator) -> tuple[Module, Any]:
    x, prev_h = gn.input(), nn.State(4)()
    shown, next_h = nn.Recurrent(nn.rnn_cell(3, 4))(x, prev_h=prev_h).split(2)
    cell = gn.GModule([x, prev_h], [next_h, shown])
    return nn.Recurrent(cell), rng.normal(size=(3, 4, 2, 3))


def pointwise(rng: np.random.Generator) -> tuple[Module, Any]:
    """Broadcasting of every kind, comparisons, constants, several results."""
    x, h = gn.input(), gn.input("h")
    scaled = nn.CMul(1, 4)(x) - nn.Abs()(h)
    shown = nn.CMaxTable()([scaled, nn.MulConstant(0.3)(x)])
    next_h = nn.Tanh()(nn.SoftSign()(scaled) + nn.HardTanh()(shown) * 0.5)
    return nn.Recurrent(gn.GModule([x, h], [next_h, shown])), rng.normal(size=(5, 3, 4))


KINDS: list[Callable[..., tuple[Module, Any]]] = [
    without_batch, bidirectional, truncated, masked, pointwise,
]  # fmt: skip


@pytest.mark.parametrize("make", KINDS)
def test_kinds_of_sequences(make: Any, rng: np.random.Generator) -> None:
    net, inputs = make(rng)
    check(net, inputs, 1e-12)


def test_a_sequence_inside_of_a_sequence_leaves_nothing_to_the_interpreter(
    rng: np.random.Generator,
) -> None:
    net, inputs = nested(rng)
    warn_once.cache_clear()
    check(net, inputs, 1e-12)  # warnings are errors


def test_other_steps_and_batches_compile_nothing(rng: np.random.Generator) -> None:
    net = nn.Recurrent(nn.gru_cell(3, 5)).compile()
    net.forward(rng.normal(size=(4, 2, 3)))
    before = compilations()
    for steps, batch in ((1, 2), (9, 2), (40, 2), (4, 3), (7, 31), (31, 7)):
        xs = rng.normal(size=(steps, batch, 3))
        found = net.forward(xs)[0]
        np.testing.assert_allclose(found, net.clone().compile(False).forward(xs)[0], rtol=1e-12)
    assert compilations() == before


def test_errors_are_those_of_the_interpreter(rng: np.random.Generator) -> None:
    net = nn.Recurrent(nn.lstm_cell(3, 4)).compile()
    xs = rng.normal(size=(5, 2, 3))
    with pytest.raises(IndexRangeError, match="the length 9 for sequence 1"):
        net.forward(xs, lengths=[5, 9])
    xs[3, 1] = np.inf
    with pytest.raises(NumericsError, match="input holds inf"):
        net.forward(xs, check_finite=True)


@pytest.mark.parametrize("name", ["lstm_cell", "lstm_cell_merged", "gru_cell"])
def test_one_product_remains_in_a_step(name: str) -> None:
    """Eight Linears or one: after the passes a step has one product, forward and backward."""
    net = nn.Recurrent(nn.CELLS[name](32, 64)).float()
    run = net.run(np.ones((20, 16, 32)))
    derivative = executed(run).traced.differentiated()
    for program in map(optimised, (derivative.forward, derivative.backward)):
        program.check()
        (body,) = [body for equation in program.equations for body in equation.bodies()]
        assert sum(e.primitive.kind is PrimitiveKind.PRODUCT for e in body.equations) == 1


def test_threads_share_a_compiled_net(rng: np.random.Generator) -> None:
    net = nn.Recurrent(nn.lstm_cell(8, 16)).compile()
    inputs = [rng.normal(size=(20, 4, 8)) for _ in range(8)]
    expected = [net.forward(xs)[0] for xs in inputs]
    found: list[Any] = [None] * 8

    def work(number: int) -> None:
        for _ in range(20):
            found[number] = net.forward(inputs[number])[0]

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for left, right in zip(found, expected, strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("cpu", LESSER)
def test_lesser_processors(
    cpu: str, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native_pieces, "host", lambda: processor(cpu))
    net = nn.Recurrent(nn.lstm_cell(5, 19)).float()
    check(net, rng.normal(size=(6, 9, 5)), TOLERANCE["float32"])


@pytest.mark.parametrize("training", [True, False])
def test_words_beside_the_state_are_looked_up_before_the_sequence(training: bool) -> None:
    """No body of machine code looks up rows: in it, the sequence would run interpreted."""
    word, s = gn.input("word"), nn.State(4)()
    vector = nn.LookupTable(11, 3)(word)
    next_s = nn.gru_cell(7, 4)([nn.JoinTable(-1)([vector, nn.Tanh()(s)]), s])
    net = nn.Recurrent(gn.GModule([word, s], [next_s])).train(training)
    words = np.random.default_rng(0).integers(0, 11, size=(6, 2))
    check(net, words, TOLERANCE["float64"])
