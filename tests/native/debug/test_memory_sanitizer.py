"""Nothing reads or writes memory that is not its own: freed buffers and guards are full of NaN."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn, ops
from graphnet.graph.inspection.executed import executed
from graphnet.ir import Program, trace
from graphnet.ir.core.types import ArrayType

pytest.importorskip("llvmlite", reason="machine code needs llvmlite")

from graphnet.native import optimised
from graphnet.native.codegen.kernel_cache import Kernels
from graphnet.native.debug import memory_sanitizer
from graphnet.native.debug.memory_sanitizer import StrayWriteError, checked_run
from graphnet.native.llvm.target import host
from graphnet.native.runtime.dispatcher import WorkSharing
from graphnet.native.scheduling.rules import scheduled
from graphnet.native.scheduling.support import reason_not_native
from tests.array_programs.checks import arrays_for, recurrent_programs
from tests.random_programs.programs import random_program, run_compiled
from tests.support.cells import OF_EACH_KIND

COUNT = 40
"""Random programs, of those that are native throughout."""


def assert_same(program: Program, arrays: list[np.ndarray], threads: int = 1) -> None:
    """A checked run gives the bits of an ordinary one."""
    expected = run_compiled(program, arrays)
    found = checked_run(optimised(program), arrays, threads=threads)
    for left, right in zip(found, expected, strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize(("lengths", "threads"), [(False, 3), (True, 1)])
@pytest.mark.parametrize("name", OF_EACH_KIND)
def test_every_cell(name: str, lengths: bool, threads: int) -> None:
    for program in recurrent_programs(name, lengths, hidden=7, batch=5):
        assert_same(program, arrays_for(program), threads)


@pytest.mark.parametrize("name", ["lstm_cell", "gru_cell"])
def test_products_that_a_team_shares(name: str) -> None:
    """One row: threads share the columns of its products, in a scan that one of them runs."""
    for program in recurrent_programs(name, hidden=128, batch=1):
        arrays = arrays_for(program)
        kernels = Kernels(host(), threads=3)
        calls = scheduled(optimised(program), kernels).calls
        assert [c.sharing for c in calls if c.memory is not None] == [WorkSharing.LED]
        assert_same(program, arrays, threads=3)


JOINED = {
    "as it is": (lambda w: w, (5, 4)),
    "turned": (lambda w: w.transpose(1, 0), (5, 40)),
    "other rows": (lambda w: w.reshape(16, 10), (5, 16)),
    "in one row": (lambda w: w.reshape(160), (5, 160)),
    "turned and cut": (lambda w: w.reshape(2, 80).transpose(1, 0), (5, 80)),
}


@pytest.mark.parametrize("way", JOINED)
@pytest.mark.parametrize("axis", [0, 1])
def test_products_with_joined_arrays(axis: int, way: str) -> None:
    """They are packed part by part only as they were joined."""
    lay_out, left = JOINED[way]
    parts = [(1, 40), (2, 40), (1, 40)] if axis == 0 else [(4, 3), (4, 30), (4, 7)]
    types = [ArrayType(shape, np.dtype(np.float64)) for shape in (left, *parts)]
    program = trace(lambda x, *ws: x @ lay_out(ops.concatenate(list(ws), axis)), *types)
    arrays = arrays_for(program)
    assert_same(program, arrays, threads=3)
    expected = arrays[0] @ lay_out(np.concatenate(arrays[1:], axis))
    np.testing.assert_allclose(run_compiled(program, arrays)[0], expected, rtol=1e-12)


def test_random_programs() -> None:
    tried = 0
    for seed in range(4 * COUNT):
        program, arrays = random_program(seed)
        is_native = not any(map(reason_not_native, optimised(program).equations))
        if tried < COUNT and is_native:
            tried += 1
            assert_same(program, arrays, threads=1 + seed % 3)
    assert tried == COUNT


def test_a_training_step() -> None:
    net = nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 3), nn.LogSoftMax())
    rng = np.random.default_rng(0)
    x, target = rng.normal(size=(4, 5)), np.array([2, 0, 1, 1])
    run = net.run(x)
    criterion = nn.ClassNLLCriterion().run([run.outputs, target])
    for traced in (executed(run).traced, executed(criterion).traced):
        derivative = traced.differentiated()
        for program in (derivative.forward, derivative.backward):
            arrays = [
                target if var.type.dtype.kind == "i" else array
                for var, array in zip(program.inputs, arrays_for(program), strict=True)
            ]
            assert_same(program, arrays, threads=2)


def test_a_stray_write_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check itself: a call that is told to write a little further on."""
    program = trace(lambda x: x + x, ArrayType((5, 3), np.dtype(np.float64)))
    ordinary = memory_sanitizer.scheduled

    def shifted(*arguments: Any) -> Any:
        scheduler = ordinary(*arguments)
        (call,) = scheduler.calls
        buffer, offset = call.pointers[-1]
        call.pointers[-1] = (buffer, offset + 8)
        return scheduler

    monkeypatch.setattr(memory_sanitizer, "scheduled", shifted)
    with pytest.raises(StrayWriteError, match="loop"):
        checked_run(program, [np.ones((5, 3))])


def test_a_write_into_an_input_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a run fails, the interpreter computes from the same inputs."""
    program = trace(lambda x: x + x, ArrayType((5, 3), np.dtype(np.float64)))
    ordinary = memory_sanitizer.scheduled

    def onto_input(*arguments: Any) -> Any:
        scheduler = ordinary(*arguments)
        (call,) = scheduler.calls
        call.pointers.append(call.pointers[-1])  # the result keeps its memory
        call.pointers[-2] = call.pointers[0]
        return scheduler

    monkeypatch.setattr(memory_sanitizer, "scheduled", onto_input)
    with pytest.raises(StrayWriteError, match="loop"):
        checked_run(program, [np.ones((5, 3))])


def test_kinds_of_input_share_nothing() -> None:
    """Results of one run stay as they are while others run."""
    net = gn.GModule([x := gn.input()], [nn.Tanh()(nn.Linear(6, 9)(x))]).compile()
    rng = np.random.default_rng(0)
    runs = [(value, net.run(value)) for value in rng.normal(size=(20, 3, 6))]
    for value, run in runs:
        np.testing.assert_array_equal(run.outputs, net.forward(value))
        np.testing.assert_array_equal(run[run.names[-1]], run.outputs)
