"""Every primitive and its gradient in the steps of a sequence, compiled, against the interpreter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from graphnet.ir import PRIMITIVES, scan
from tests.native.equivalence.test_primitives import (
    ROWS,
    TOLERANCE,
    Row,
    check_with_gradient,
    converted,
    interpreted,
)

INTERPRETED = {"call", "uint8"}
"""Primitives (or single rows, or types) that may run interpreted inside of sequences, which then stay
there themselves."""

STEPS = 3


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


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_primitive_and_its_gradient_in_a_sequence(row: Row, dtype: str) -> None:
    programs = check_with_gradient(in_a_sequence(converted(row, dtype)), TOLERANCE[dtype])
    if not {row.name, row.label, *(a.dtype.name for a in row.arrays)} & INTERPRETED:
        assert "scan" not in interpreted(programs[0])
