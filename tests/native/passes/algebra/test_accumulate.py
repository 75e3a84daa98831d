"""Accumulation: products begin from what they are added to, where nothing else reads them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphnet.errors import ShapeError
from graphnet.ir import ArrayType, Program, scan, trace
from graphnet.ir.primitives.indexing import take
from graphnet.ir.primitives.pointwise import cast, tanh
from graphnet.native import optimised
from graphnet.native.analysis.matmul_add import matmul_add
from graphnet.native.passes import accumulate
from tests.array_programs.checks import arrays_for, assert_same_meaning, body_of, count


def real(*shape: int, dtype: str = "float64") -> ArrayType:
    return ArrayType(shape, np.dtype(dtype))


A, B, C, ROW = real(4, 3), real(3, 5), real(4, 5), real(5)


DEEP, DEEP_C = real(2, 4, 3), real(2, 4, 5)


def names(program: Program) -> list[str]:
    return [equation.primitive.name for equation in program.equations]


def accumulated(function: Callable[..., Any], *types: ArrayType) -> Program:
    program = trace(function, *types)
    tolerance = 1e-5 if any(t.dtype.name == "float32" for t in types) else 1e-12
    return assert_same_meaning(program, accumulate, arrays_for(program), tolerance)


def through(x: Any, *shape: int) -> Any:
    return x.reshape(*shape)


MADE: dict[str, tuple[Callable[..., Any], list[ArrayType], list[str]]] = {
    # what is traced, of what, and the primitives afterwards
    "product + array": (lambda a, b, c: a @ b + c, [A, B, C], ["matmul_add"]),
    "array + product": (lambda a, b, c: c + a @ b, [A, B, C], ["matmul_add"]),
    "a row": (lambda a, b, c: a @ b + c, [A, B, ROW], ["matmul_add"]),
    "a matrix of one row": (lambda a, b, c: c + a @ b, [A, B, real(1, 5)], ["matmul_add"]),
    "leading ones": (lambda a, b, c: a @ b + c, [DEEP, B, real(1, 1, 5)], ["matmul_add"]),
    "a vector": (lambda a, b, c: a @ b + c, [real(3), B, ROW], ["matmul_add"]),
    "a batch": (lambda a, b, c: a @ b + c, [DEEP, B, DEEP_C], ["matmul_add"]),
    "float32": (
        lambda a, b, c: a @ b + c,
        [real(4, 3, dtype="float32"), real(3, 5, dtype="float32"), real(5, dtype="float32")],
        ["matmul_add"],
    ),
    "one column": (lambda a, b, c: a @ b + c, [A, real(3, 1), real(1)], ["matmul_add"]),
    "nothing to sum": (lambda a, b, c: a @ b + c, [real(4, 0), real(0, 5), C], ["matmul_add"]),
    "no rows": (lambda a, b, c: a @ b + c, [real(0, 3), B, ROW], ["matmul_add"]),
    "reshaped, a row": (
        lambda a, b, c: through(a @ b, 2, 2, 5) + c, [A, B, ROW], ["matmul_add", "reshape"],
    ),
    "reshaped, leading ones": (
        lambda a, b, c: through(a @ b, 2, 2, 5) + c,
        [A, B, real(1, 1, 5)], ["reshape", "matmul_add", "reshape"],
    ),
    "reshaped, an array": (
        lambda a, b, c: through(a @ b, 2, 2, 5) + c,
        [A, B, real(2, 2, 5)], ["reshape", "matmul_add", "reshape"],
    ),
    "reshaped across rows": (
        lambda a, b, c: through(a @ b, 2, 10) + c,
        [A, B, real(2, 10)], ["reshape", "matmul_add", "reshape"],
    ),
    "two products": (lambda a, b, c: a @ b + c @ b, [A, B, A], ["matmul", "matmul_add"]),
    "two reshaped products": (
        lambda a, b, c: through(a @ b, 2, 2, 5) + through(c @ b, 2, 2, 5),
        [A, B, A], ["matmul", "matmul_add", "reshape"],
    ),
    "two products and an array": (
        lambda a, b, c: (a @ b + c) + a @ (b + b), [A, B, C], ["add", "matmul_add", "matmul_add"],
    ),
    "an array behind two products": (
        lambda a, b, c: (a @ b + a @ (b + b)) + c, [A, B, C], ["add", "matmul_add", "matmul_add"],
    ),
    "an array twice": (lambda a, b, c: (a @ b + c) + c, [A, B, C], ["matmul_add", "add"]),
    "an array and a row": (
        lambda a, b, c, d: (a @ b + d) + c, [A, B, C, ROW], ["matmul_add", "add"],
    ),
    "made later by something that keeps it": (
        lambda a, b, c: [a @ b + (later := tanh(c)), later],
        [A, B, C], ["tanh", "matmul_add"],
    ),
    "a column besides": (
        lambda a, b, c, d: a @ b + c @ b + d,
        [A, B, A, real(4, 1)], ["matmul", "matmul_add", "add"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MADE)
def test_what_is_accumulated(name: str) -> None:
    function, types, expected = MADE[name]
    assert names(accumulated(function, *types)) == expected


STAYING: dict[str, tuple[Callable[..., Any], list[ArrayType]]] = {
    "read by something else": (lambda a, b, c: [(p := a @ b) + c, tanh(p)], [A, B, C]),
    "an output": (lambda a, b, c: [(p := a @ b) + c, p], [A, B, C]),
    "added to itself": (lambda a, b: (p := a @ b) + p, [A, B]),
    "reshaped, and the reshaped one is read": (
        lambda a, b, c: [(p := through(a @ b, 2, 2, 5)) + c, p], [A, B, ROW],
    ),
    "a column": (lambda a, b, c: a @ b + c, [A, B, real(4, 1)]),
    "a number": (lambda a, b, c: a @ b + c, [A, B, real()]),
    "a larger array": (lambda a, b, c: a @ b + c, [A, B, DEEP_C]),
    "a larger array of one row": (lambda a, b, c: a @ b + c, [A, B, real(1, 4, 5)]),
    "rows of other lengths": (lambda a, b, c: through(a @ b, 2, 10) + c, [A, B, real(10)]),
    "with a vector": (lambda a, b, c: a @ b + c, [A, real(3), real(4)]),
    "many matrices": (lambda a, b, c: a @ b + c, [DEEP, real(2, 3, 5), DEEP_C]),
    "whole numbers": (
        lambda a, b, c: a @ b + c, [ArrayType(t.shape, np.dtype(np.int64)) for t in (A, B, C)],
    ),
    "subtracted": (lambda a, b, c: a @ b - c, [A, B, C]),
    "computed by the loop that adds it": (lambda a, b, c: a @ b + tanh(c), [A, B, C]),
}  # fmt: skip


@pytest.mark.parametrize("name", STAYING)
def test_what_stays(name: str) -> None:
    function, types = STAYING[name]
    program = trace(function, *types)
    assert accumulate(program) is program


def test_a_product_stands_where_it_stood_or_where_it_was_added() -> None:
    early = accumulated(lambda a, b, c: [(p := a @ b), a.T, p + c][1:], A, B, C)
    assert names(early) == ["matmul_add", "transpose"]
    late = accumulated(lambda a, b, c: a @ b + c.T, A, B, real(5, 4))
    assert names(late) == ["transpose", "matmul_add"]


def test_what_a_loop_has_stored_anyway() -> None:
    """The product reads a result of the same loop, which ends before it."""

    def function(a: Any, b: Any, c: Any) -> Any:
        left, right = tanh(c) * 2.0, tanh(c) * c
        return left @ b + right

    assert names(accumulated(function, C, real(5, 5), C))[-1] == "matmul_add"


def test_a_bias_of_looked_up_products() -> None:
    indices = ArrayType((6, 2), np.dtype(np.int64))
    table = real(5, 3)
    program = accumulated(lambda e, w, i, c: c + take(e @ w, i), table, B, indices, ROW)
    assert names(program) == ["matmul_add", "take"]
    for function, types in (
        (lambda e, w, i, c: [(t := e @ w).sum(), take(t, i) + c], [table, B, indices, ROW]),
        (lambda e, w, i, c: [(t := take(e @ w, i)).sum(), t + c], [table, B, indices, ROW]),
        (lambda e, w, i, c: take(e @ w, i) + c, [table, B, indices, real(6, 2, 5)]),
        (lambda e, w, i, c: take(e, i) + c, [B, B, indices, ROW]),
    ):
        staying = trace(function, *types)
        assert accumulate(staying) is staying


def test_types_are_checked() -> None:
    types = [A, B, real(4, 1)]
    with pytest.raises(ShapeError, match="begins a product"):
        matmul_add.type(*types)
    with pytest.raises(ShapeError, match="begins a product"):
        matmul_add.type(DEEP, real(2, 3, 5), DEEP_C)
    assert matmul_add.type(A, B, ROW) == C
    assert matmul_add.multiply_adds(A, B, ROW) == 60


def in_scan(step: Callable[..., Any], *constants: ArrayType, batch: int = 4) -> Program:
    """``step(h, x, *constants)`` of a carried ``h`` and slices ``x``, after all passes."""

    def function(h: Any, xs: Any, *constants: Any) -> Any:
        def body(carry: Any, slices: Any) -> Any:
            h = step(carry[0], slices[0], *constants)
            return [h], [h]

        finals, results = scan(body, [h], [xs], length=6)
        return [*finals, *results]

    program = trace(function, real(batch, 5), real(6, batch, 3), *constants)
    return assert_same_meaning(program, optimised, arrays_for(program))


def test_a_bias_leaves_a_scan_with_a_product() -> None:
    """In whatever order the three are added, there and in the body products begin from the rest."""
    orders: list[Callable[..., Any]] = [
        lambda h, x, v, w, b: tanh((x @ v + h @ w) + b),
        lambda h, x, v, w, b: tanh((h @ w + b) + x @ v),
        lambda h, x, v, w, b: tanh(b + (x @ v + h @ w)),
        lambda h, x, v, w, b: tanh((b + x @ v) + h @ w),
    ]
    for step in orders:
        program = in_scan(step, B, real(5, 5), ROW)
        assert names(body_of(program)) == ["matmul_add", "tanh"]
        assert sorted(names(program)) == ["matmul_add", "reshape", "reshape", "scan"]


def test_biases_are_added_to_each_other() -> None:
    program = in_scan(
        lambda h, x, v, w, b, c: tanh((x @ v + b) + (h @ w + c)), B, real(5, 5), ROW, ROW
    )
    assert names(body_of(program)) == ["matmul_add", "tanh"]
    assert count(program, "matmul_add") == 1
    assert count(program, "add") == 1


def test_what_stays_in_a_scan() -> None:
    """A bias that is an array for each row, and one whose product something else reads."""
    whole = in_scan(lambda h, x, v, w, b: tanh((x @ v + h @ w) + b), B, real(5, 5), C)
    assert names(body_of(whole)) == ["matmul_add", "add", "tanh"]
    assert count(whole, "matmul") == 1
    shared = in_scan(lambda h, x, v, w, b: tanh(((z := x @ v) + h @ w) + b) * z, B, real(5, 5), ROW)
    assert names(body_of(shared)) == ["matmul_add", "add", "tanh", "multiply"]
    assert count(shared, "matmul") == 1


def test_other_types_between() -> None:
    program = trace(
        lambda a, b, c: cast(a @ b, dtype=np.dtype(np.float32)) + c,
        A, B, real(5, dtype="float32"),
    )  # fmt: skip
    assert accumulate(program) is program
