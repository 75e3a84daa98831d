"""Compiled programs against the interpreter: extreme numbers, random programs."""

from __future__ import annotations

from contextlib import nullcontext
from functools import reduce
from typing import Any

import numpy as np
import pytest

from graphnet import ops
from graphnet.ir import PRIMITIVES, interpreter, run_program, scan, trace, type_of
from tests.ir.test_primitives import CASES
from tests.random_programs.programs import faults, run_compiled
from tests.random_programs.tolerances import differences

pytest.importorskip("llvmlite")

from graphnet.native import compiled
from graphnet.native.codegen.kernel_cache import Kernels
from graphnet.native.llvm.target import host
from graphnet.native.scheduling import schedule
from graphnet.native.scheduling.rules import scheduled

DTYPES = ["float64", "float32"]

# ---- numbers at the edges

EXTREMES = [0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 3.0, 1e-3, -1e-3, 40.0, -40.0, 1e4, -1e4, 1e30, -1e30]
EXTREMES += [np.inf, -np.inf, np.nan, 1e-40, -1e-40]

POINTWISE = sorted(
    {case.name for case in CASES if case.shapes and not case.settings}
    - {"take", "where", "matmul", "checked_lengths"}
)
OPERANDS = {case.name: len(case.shapes) for case in CASES}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", POINTWISE)
def test_extreme_numbers(name: str, dtype: str) -> None:
    """All pairs of them; what is infinite or NaN is so in both."""
    values = np.array(EXTREMES, dtype)
    if name in ("sin", "cos"):  # beyond, the last place of the operand is a part of the period
        values = values[~(np.abs(values) > 1e5)]
    arrays = [values] if OPERANDS[name] == 1 else [values[:, None], values]
    operation = PRIMITIVES[name]

    def stepped(start: Any, *operands: Any) -> Any:
        def step(carry: Any, slices: Any) -> Any:
            return [carry[0] * 0.5], [operation(carry[0] + operands[0], *operands[1:])]

        return scan(step, [start], [], length=2)[1]

    alone = trace(lambda *xs: operation(*xs), *map(type_of, arrays))
    assert differences(alone, arrays, lambda given: run_compiled(alone, given)) == []
    arrays = [np.zeros((), dtype), *arrays]
    sequence = trace(stepped, *map(type_of, arrays))
    assert differences(sequence, arrays, lambda given: run_compiled(sequence, given)) == []


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("at", [0, 5, 16, 36])
def test_the_maximum_of_what_holds_nan_is_nan(at: int, dtype: str) -> None:
    x = np.linspace(-1, 1, 3 * 37).reshape(3, 37).astype(dtype)
    x[1, at], x[2, at] = np.nan, np.inf
    for axis in (0, 1, None):
        program = trace(
            lambda x, axis=axis: PRIMITIVES["max"](x, axis=axis, keepdims=False), type_of(x)
        )
        np.testing.assert_array_equal(run_compiled(program, [x])[0], run_program(program, [x])[0])


# ---- random programs

COUNT, GROUP = 80, 20
"""Programs that run here; ``python tests/native_programs.py`` runs 1,000, or any others."""


@pytest.mark.parametrize("first", range(0, COUNT, GROUP))
def test_random_programs(first: int) -> None:
    assert [line for seed in range(first, first + GROUP) for line in faults(seed)] == []


def test_many_loops_are_single_equations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs of many different loops: the later ones are divided, and mean the same."""

    def deep(x: Any, y: Any) -> Any:
        for power in range(2, 8):
            x = (x @ y) * power + (x @ y) ** power / (1 + x * x)
        return x

    square = np.random.default_rng(0).normal(size=(5, 5)) / 4
    program = trace(deep, type_of(square), type_of(square))
    whole = Kernels(host(), threads=1)
    scheduled(program, whole)
    monkeypatch.setattr(schedule, "MANY", 0)
    divided, again = Kernels(host(), threads=1), Kernels(host(), threads=1)
    calls = [call.code.key for call in scheduled(program, divided).calls]
    divided.compile()  # what is known already changes nothing
    assert [call.code.key for call in scheduled(program, again).calls] == calls
    equations = [max(key.count("->") for key in made.new) for made in (whole, divided)]
    assert equations[0] > equations[1] == 1
    arrays = [square, square]
    assert differences(program, arrays, lambda given: run_compiled(program, given)) == []


@pytest.mark.parametrize("count", [700, 1100])
def test_a_scan_of_many_arrays(count: int) -> None:
    def function(start: Any, *arrays: Any) -> Any:
        def step(carry: Any, slices: Any) -> Any:
            return [reduce(np.maximum, arrays, carry[0] + 1)], []

        return scan(step, [start], [], length=2)[0]

    arrays = [np.full(3, float(i)) for i in range(count)]
    program = trace(function, *map(type_of, arrays))
    notice = (
        pytest.warns(UserWarning, match="more than 1,000 arrays") if count > 1000 else nullcontext()
    )
    with notice:
        found = interpreter(compiled(program))(arrays)
    np.testing.assert_array_equal(found[0], np.full(3, count))


@pytest.mark.parametrize("size", [1, 3])
def test_truth_values_written_into_a_step(size: int) -> None:
    kept = np.arange(size) % 2 == 0

    def step(h: Any, _: Any) -> Any:
        return [ops.where(kept, h[0] * 2, h[0])], []

    def function(start: Any) -> Any:
        return scan(step, [start], [], length=3)[0]

    start = np.linspace(1, 2, 2 * size).reshape(2, size)
    program = trace(function, type_of(start))
    np.testing.assert_array_equal(run_compiled(program, [start])[0], np.where(kept, 8, 1) * start)
