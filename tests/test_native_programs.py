"""Compiled programs against the interpreter: every primitive, extreme numbers, random programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from graphnet.ir import (
    PRIMITIVES,
    ArrayType,
    Program,
    differentiate,
    run_program,
    scan,
    trace,
    type_of,
)
from tests.native_programs import faults, notices_ignored, run_compiled
from tests.native_slack import differences
from tests.numeric import relative_error
from tests.test_primitives import CASES, FLAGS, Case

pytest.importorskip("llvmlite")

from graphnet.native import compiled

ALONE = {"broadcast", "call", "matmul", "reshape", "slice", "transpose"}
"""Primitives that may stay with the interpreter where they stand outside of sequences."""

INTERPRETED = {"call", "checked_lengths", "matmul", "scan", "scatter_add", "take", "uint8"}
"""Primitives (or single rows, or types) that may stay with the interpreter inside of sequences, which then stay
there themselves."""

TOLERANCE = {"float64": 1e-12, "float32": 1e-5}
STEPS = 3


# ---- every primitive


@dataclass(frozen=True)
class Row:
    """A primitive, applied by a function to arrays."""

    name: str
    function: Callable[..., Any]
    arrays: list[np.ndarray]
    label: str = ""

    def __str__(self) -> str:
        return self.label or self.name


def totals(start: Any, xs: Any) -> list[Any]:
    finals, results = scan(
        lambda carry, slices: ([carry[0] + slices[0] * carry[0]], [carry[0] * slices[0]]),
        [start], [xs], length=4, reverse=True,
    )  # fmt: skip
    return [*finals, *results]


def halved(x: Any) -> Any:
    type = ArrayType(x.shape, x.dtype)
    return PRIMITIVES["call"](
        x, function=lambda t: [t[0] / 2], gradient=lambda t: [t[2] / 2], types=(type,), label="half"
    )


def by_case(case: Any) -> Row:
    operation = PRIMITIVES[case.name]
    return Row(case.name, lambda *xs: operation(*xs, **case.settings), case.arrays(), str(case))


WHOLE = np.array([[-3, 0, 2], [1, -1, 4]])
BYTES = np.array([200, 3, 255], np.uint8)
INTEGERS = [
    *[Case(name, [BYTES, BYTES[:1]]) for name in ("less", "greater_equal", "maximum", "minimum")],
    *[Case("cast", [BYTES], {"dtype": np.dtype(d)}) for d in "lfd"],
    Case("max", [BYTES], {"axis": 0, "keepdims": False}),
    *[Case(name, [WHOLE]) for name in ("negative", "absolute", "sign", "identity")],
    *[Case(name, [WHOLE, WHOLE[0]]) for name in ("add", "subtract", "multiply", "maximum")],
    *[Case(name, [WHOLE, np.array(1)]) for name in ("minimum", "less", "greater_equal", "equal")],
    *[Case(name, [FLAGS, FLAGS[0]]) for name in ("equal", "not_equal", "less_equal", "greater")],
    *[Case("where", [FLAGS, x, x[0]]) for x in (WHOLE, ~FLAGS)],
    *[Case("cast", [x], {"dtype": np.dtype(d)}) for x in (WHOLE, FLAGS) for d in "?ilfd"],
    *[Case("cast", [(2, 3)], {"dtype": np.dtype(d)}, low=-3, high=3) for d in "?il"],
    Case("matmul", [WHOLE, WHOLE.T]),
    Case("sum", [WHOLE], {"axis": 0, "keepdims": False}),
    Case("max", [WHOLE], {"axis": -1, "keepdims": True}),
    Case("take", [WHOLE, INDEX := np.array([1, 0, 1])]),
    Case("take", [FLAGS, INDEX.astype(np.int32)]),
    Case("scatter_add", [WHOLE.T, INDEX], {"rows": 2}),
    Case("concatenate", [FLAGS, ~FLAGS], {"axis": 0}),
]

ROWS = [
    *map(by_case, (*CASES, *INTEGERS)),
    Row("scan", totals, [np.linspace(0.5, 1.5, 3), np.linspace(-1, 1, 12).reshape(4, 3)]),
    Row("call", halved, [np.linspace(-1, 1, 12).reshape(3, 4)]),
]


def test_every_primitive_is_run() -> None:
    assert {row.name for row in ROWS} == set(PRIMITIVES)


def in_a_sequence(row: Row) -> Row:
    """The same at three steps, on operands that a carried value of their type reaches, so that no
    pass can take the operation out of the sequence."""

    def function(*arrays: Any) -> list[Any]:
        starts, sequences = arrays[: len(types)], arrays[len(types) :]

        def step(carry: Any, slices: Any) -> Any:
            shifts = dict(zip(types, carry, strict=True))
            result = row.function(*[shifted(x, shifts[x.dtype]) for x in slices])
            results = result if isinstance(result, list | tuple) else [result]
            return [following(shift, carry[0]) for shift in carry], list(results)

        finals, results = scan(step, list(starts), list(sequences), length=STEPS)
        return [*results, *finals]

    dtype = next((a.dtype for a in row.arrays if a.dtype.kind == "f"), np.dtype(float))
    types = list(dict.fromkeys([dtype, *[a.dtype for a in row.arrays]]))
    factors = np.array([1.0, 1.25, 0.75], dtype)
    stacked = [
        np.stack([a * factor for factor in factors] if a.dtype.kind == "f" else [a] * STEPS)
        for a in row.arrays
    ]
    starts = [np.full((), 0.25 if t.kind == "f" else 0, t) for t in types]
    return Row(row.name, function, [*starts, *stacked], row.label)


def shifted(x: Any, shift: Any) -> Any:
    """The operand, changed where it is a float: whole numbers are shifted by 0."""
    return PRIMITIVES["not_equal"](x, shift) if x.dtype.kind == "b" else x + shift


def following(shift: Any, number: Any) -> Any:
    if shift.dtype.kind == "b":
        return number < 0  # which it never is
    return shift * 0.5 + 0.125 if shift.type.is_float else shift * 2


def converted(row: Row, dtype: str) -> Row:
    arrays = [a.astype(dtype) if a.dtype.kind == "f" else a for a in row.arrays]
    return Row(row.name, row.function, arrays, row.label)


def interpreted(program: Program) -> set[str]:
    """The primitives that machine code left to the interpreter."""
    with notices_ignored():
        return {e.primitive.name for e in compiled(program).equations} & set(PRIMITIVES)


def check(program: Program, arrays: Sequence[np.ndarray], tolerance: float) -> list[np.ndarray]:
    """Run both ways and compare; the values of the interpreter."""
    values = run_program(program, arrays)
    found = run_compiled(program, arrays)
    for received, expected, atom in zip(found, values, program.outputs, strict=True):
        assert type_of(np.asarray(received)) == atom.type
        if atom.type.is_float:
            assert relative_error(received, expected) < tolerance
        else:
            np.testing.assert_array_equal(received, expected)
    return values


def check_with_gradient(row: Row, tolerance: float) -> list[Program]:
    """The program of a row and its first gradient; returns all programs that ran."""
    program = trace(row.function, *map(type_of, row.arrays))
    check(program, row.arrays, tolerance)
    wanted = [var for var in program.inputs if var.type.is_float]
    if not wanted or not any(atom.type.is_float for atom in program.outputs):
        return [program]
    derivative = differentiate(program, wanted)
    residuals = check(derivative.forward, row.arrays, tolerance)[len(program.outputs) :]
    rng = np.random.default_rng(4)
    seeds = [
        rng.normal(size=var.type.shape).astype(var.type.dtype)
        for var in derivative.backward.inputs[len(residuals) :]
    ]
    check(derivative.backward, [*residuals, *seeds], tolerance)
    return [program, derivative.forward, derivative.backward]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_primitive_and_its_gradient(row: Row, dtype: str) -> None:
    programs = check_with_gradient(converted(row, dtype), TOLERANCE[dtype])
    if "uint8" not in {a.dtype.name for a in row.arrays}:
        assert interpreted(programs[0]) <= ALONE


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_primitive_and_its_gradient_in_a_sequence(row: Row, dtype: str) -> None:
    programs = check_with_gradient(in_a_sequence(converted(row, dtype)), TOLERANCE[dtype])
    if not {row.name, row.label, *(a.dtype.name for a in row.arrays)} & INTERPRETED:
        assert "scan" not in interpreted(programs[0])


# ---- numbers at the edges

EXTREMES = [0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 3.0, 1e-3, -1e-3, 40.0, -40.0, 1e4, -1e4, 1e30, -1e30]
EXTREMES += [np.inf, -np.inf, np.nan, 1e-40, -1e-40]

POINTWISE = sorted(
    {case.name for case in CASES if case.shapes and not case.settings}
    - {"take", "where", "matmul", "checked_lengths"}
)
OPERANDS = {case.name: len(case.shapes) for case in CASES}


@pytest.mark.parametrize("dtype", TOLERANCE)
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


@pytest.mark.parametrize("dtype", TOLERANCE)
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

COUNT, GROUP = 150, 25
"""Programs that run here; ``python tests/native_programs.py`` runs 1,000, or any others."""


@pytest.mark.parametrize("first", range(0, COUNT, GROUP))
def test_random_programs(first: int) -> None:
    assert [line for seed in range(first, first + GROUP) for line in faults(seed)] == []
