"""Every primitive and its gradient as machine code against the interpreter."""

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
from tests.ir.test_primitives import CASES, FLAGS, Case
from tests.random_programs.programs import run_compiled
from tests.support.notices import notices_ignored
from tests.support.numeric import relative_error

pytest.importorskip("llvmlite")

from graphnet.native import compiled

ALONE = {"broadcast", "call", "flip", "reshape", "slice", "transpose", "windows"}
"""Primitives that may run interpreted where they stand outside of sequences."""

TOLERANCE = {"float64": 1e-12, "float32": 1e-5}


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
