"""Other batches and other numbers of steps need no other code, whatever a step holds; more threads
than rows change nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from graphnet import ops
from graphnet.ir import Program, differentiate, run_program, scan, trace, type_of

pytest.importorskip("llvmlite")

from graphnet.native import compiled, optimised
from graphnet.native.codegen.kernel_cache import Kernels
from graphnet.native.debug.memory_sanitizer import checked_run
from graphnet.native.llvm.target import host
from graphnet.native.runtime.dispatcher import WorkSharing
from graphnet.native.scheduling.rules import scheduled

SHAPES = [(3, 2), (2, 7), (5, 16), (6, 4)]
"""Steps and rows; 4 is the length of the memory and the width of the state too."""
WIDTH = 4


def attention(memory: Any, h: Any, xs: Any) -> Any:
    """Memory with the batch first."""

    def step(carry: Any, slices: Any) -> Any:
        state, rows = carry[0], carry[0].shape[0]
        scores = memory @ state.reshape(rows, WIDTH, 1)
        context = (ops.softmax(scores.reshape(rows, 1, 4)) @ memory).reshape(rows, WIDTH)
        state = ops.tanh(context + slices[0])
        return [state], [state]

    return scan(step, [h], [xs], length=xs.shape[0])[1]


def attention_over_steps(memory: Any, h: Any, xs: Any) -> Any:
    """Memory with its own steps first, the batch second."""
    memory = memory.transpose(1, 0, 2)

    def step(carry: Any, slices: Any) -> Any:
        weights = ops.softmax(ops.tanh(memory + carry[0]).sum(2), axis=0)
        context = (weights.reshape(*weights.shape, 1) * memory).sum(0)
        state = ops.tanh(context + slices[0])
        return [state], [weights]

    return scan(step, [h], [xs], length=xs.shape[0])[1]


def inner_sequence(memory: Any, h: Any, xs: Any) -> Any:
    """A sequence over the memory in each step."""
    steps = memory.transpose(1, 0, 2)

    def step(carry: Any, slices: Any) -> Any:
        def inner(carry: Any, entries: Any) -> Any:
            state = ops.tanh(carry[0] + entries[0])
            return [state], [state * 2]

        finals, results = scan(inner, [carry[0] + slices[0]], [steps], length=4)
        return finals, [results[0].sum(2)]

    return scan(step, [h], [xs], length=xs.shape[0])[1]


CASES = {f.__name__: f for f in (attention, attention_over_steps, inner_sequence)}


def programs(name: str, steps: int, rows: int) -> tuple[list[Program], list[np.ndarray]]:
    rng = np.random.default_rng(steps)
    shapes = [(rows, 4, WIDTH), (rows, WIDTH), (steps, rows, WIDTH)]
    arrays = [rng.normal(size=shape) for shape in shapes]
    program = trace(CASES[name], *map(type_of, arrays))
    derivative = differentiate(program, list(program.inputs))
    return [derivative.forward, derivative.backward], arrays


@pytest.mark.parametrize("name", CASES)
def test_other_steps_and_rows_need_no_other_scan(name: str) -> None:
    expected: list[list[str]] = []
    for steps, rows in SHAPES:
        made, _ = programs(name, steps, rows)
        found = []
        for program in made:
            calls = scheduled(optimised(program), Kernels(host(), threads=2)).calls
            scans = [call for call in calls if call.memory is not None]
            assert [call.sharing for call in scans] == [WorkSharing.SHARED]
            found.append([call.code.key for call in scans])
        expected = expected or found
        assert found == expected, (steps, rows)


@pytest.mark.parametrize("name", CASES)
def test_more_threads_than_rows(name: str) -> None:
    (program, _), arrays = programs(name, 3, 2)
    values = run_program(compiled(program), arrays)
    for threads in (2, 7):
        found = checked_run(optimised(program), arrays, threads=threads)
        for received, expected in zip(found, values, strict=True):
            np.testing.assert_array_equal(received, expected)


def test_a_number_that_is_carried_beside_few_rows() -> None:
    def function(h: Any, count: Any) -> Any:
        def step(carry: Any, _: Any) -> Any:
            return [ops.tanh(carry[0]) * carry[1], carry[1] + 1.0], []

        return scan(step, [h, count], [], length=4)[0]

    arrays = [np.ones((2, 3)), np.zeros(())]
    program = trace(function, *map(type_of, arrays))
    for threads in (1, 5):
        assert checked_run(optimised(program), arrays, threads=threads)[1] == 4
