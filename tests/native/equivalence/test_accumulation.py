"""Products that begin from an array, as machine code: every place that the array can have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from graphnet.ir import ArrayType, Program, interpreter, run_program, scan, trace
from graphnet.ir.primitives.pointwise import tanh
from graphnet.ir.primitives.shaping import broadcast, concatenate
from graphnet.native.passes import accumulate

pytest.importorskip("llvmlite", reason="machine code needs llvmlite")

from graphnet.native.debug.memory_sanitizer import checked_run
from graphnet.native.execution.native_pieces import lowered
from graphnet.native.scheduling.support import reason_not_native
from tests.array_programs.checks import arrays_for, count, equations_of

TOLERANCE = {"float64": 1e-13, "float32": 1e-5}
SIZES = [(1, 1, 1), (1, 40, 33), (4, 0, 5), (0, 3, 5), (5, 3, 1), (13, 31, 33), (27, 300, 70)]
"""Rows, depth, columns: the last is more than a block of k, and than the panels of a thread."""


def real(*shape: int, dtype: str = "float64") -> ArrayType:
    return ArrayType(shape, np.dtype(dtype))


def check(program: Program, arrays: Sequence[np.ndarray], dtype: str) -> None:
    """Compiled by one and by three threads, in memory that is full of NaN where nobody may use it:
    the same bits, and but for rounding those of the interpreter."""
    assert not any(map(reason_not_native, program.equations))
    found = interpreter(lowered(program))(arrays)
    for expected, result in zip(run_program(program, arrays), found, strict=True):
        assert result.dtype == expected.dtype
        slack = TOLERANCE[dtype] * max(1.0, float(np.abs(expected).max(initial=0)))
        np.testing.assert_allclose(result, expected, rtol=0, atol=slack)
    for threads in (1, 3):
        for result, other in zip(found, checked_run(program, arrays, threads=threads), strict=True):
            np.testing.assert_array_equal(result, other)


def accumulated(function: Callable[..., Any], *types: ArrayType) -> Program:
    program = accumulate(trace(function, *types))
    program.check()
    assert any(e.primitive.name == "matmul_add" for e in equations_of(program))
    return program


BEGINNINGS: dict[str, tuple[Callable[[int, int], tuple[int, ...]], Callable[..., Any]]] = {
    # the shape of what is given, and how it is read
    "an array": (lambda m, n: (m, n), lambda c: c),
    "a row": (lambda m, n: (n,), lambda c: c),
    "a matrix of one row": (lambda m, n: (1, n), lambda c: c),
    "columns of an array": (lambda m, n: (m, n + 3), lambda c: c[:, 2:-1]),
    "rows of an array": (lambda m, n: (2 * m, n), lambda c: c[::2]),
    "a part of a row": (lambda m, n: (n + 4,), lambda c: c[3:-1]),
    "every second column": (lambda m, n: (m, 2 * n), lambda c: c[:, ::2]),
    "every second number of a row": (lambda m, n: (2 * n,), lambda c: c[::2]),
    "turned round": (lambda m, n: (n, m), lambda c: c.T),
    "what another product made": (lambda m, n: (n, n), lambda c: c[:1] @ c),
}


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", BEGINNINGS)
def test_where_products_begin(name: str, size: tuple[int, int, int], dtype: str) -> None:
    rows, depth, columns = size
    shape, read = BEGINNINGS[name]
    types = [real(rows, depth), real(depth, columns), real(*shape(rows, columns))]
    types = [real(*type.shape, dtype=dtype) for type in types]
    for turned in (False, True):
        if turned:
            types[0] = real(depth, rows, dtype=dtype)
        program = accumulated(lambda a, b, c, t=turned: (a.T if t else a) @ b + read(c), *types)
        check(program, arrays_for(program), dtype)


OTHERS: dict[str, tuple[Callable[..., Any], list[ArrayType]]] = {
    "a batch": (lambda a, b, c: a @ b + c, [real(2, 4, 3), real(3, 5), real(2, 4, 5)]),
    "a batch of slices": (
        lambda a, b, c: a @ b + c[:, 1:], [real(2, 4, 3), real(3, 5), real(2, 5, 5)],
    ),
    "a vector": (lambda a, b, c: a @ b + c, [real(3), real(3, 5), real(5)]),
    "reshaped": (
        lambda a, b, c: (a @ b).reshape(2, 2, 5) + c, [real(4, 3), real(3, 5), real(1, 1, 5)],
    ),
    "two products": (
        lambda a, b, c: a @ b + c @ b + a @ (b * b), [real(4, 3), real(3, 5), real(4, 3)],
    ),
    "what the product reads": (lambda a: [a @ a + a, a @ a.T + a], [real(7, 7)]),
    "a constant": (lambda a, b: a @ b + np.arange(5.0), [real(4, 3), real(3, 5)]),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_patterns(name: str) -> None:
    function, types = OTHERS[name]
    program = accumulated(function, *types)
    check(program, arrays_for(program), "float64")


def test_the_bits_are_those_of_a_sum() -> None:
    """As long as a product is one block."""
    program = trace(lambda a, b, c: a @ b + c, real(9, 200), real(200, 37), real(9, 37))
    arrays = arrays_for(program)
    (apart,), (together,) = (checked_run(p, arrays) for p in (program, accumulate(program)))
    np.testing.assert_array_equal(apart, together)


# ---- in the bodies of scans


def in_scan(step: Callable[..., Any], rows: int, hidden: int, dtype: str, *more: Any) -> Program:
    def function(h: Any, xs: Any, *constants: Any) -> Any:
        def body(carry: Any, slices: Any) -> Any:
            new = step(carry[0], slices[0], *constants)
            return [tanh(new)], [new, carry[0]]

        finals, results = scan(body, [h], [xs], length=4)
        return [*finals, *results]

    types = [(rows, hidden), (4, rows, hidden), (hidden, hidden), *more]
    return accumulated(function, *(real(*shape, dtype=dtype) for shape in types))


BODIES: dict[str, tuple[Callable[..., Any], Callable[[int, int], list[tuple[int, ...]]]]] = {
    # the step, and the shapes of further constants
    "a slice": (lambda h, x, w: h @ w + x, lambda m, n: []),
    "a carried value": (lambda h, x, w: x @ w + h, lambda m, n: []),
    "a row": (lambda h, x, w, b: (h * x) @ w + b, lambda m, n: [(n,)]),
    "a matrix of one row": (lambda h, x, w, b: b + (h * x) @ w, lambda m, n: [(1, n)]),
    "a constant for each row": (lambda h, x, w, b: (h * x) @ w + b, lambda m, n: [(m, n)]),
    "a part of a row": (lambda h, x, w, b: (h * x) @ w + b[1:-2], lambda m, n: [(n + 3,)]),
    "columns": (
        lambda h, x, w: h @ w + concatenate(x, h * x, axis=1)[:, 1 : 1 + x.shape[1]],
        lambda m, n: [],
    ),
    "every second column": (
        lambda h, x, w: h @ w + concatenate(x, h * x, axis=1)[:, ::2], lambda m, n: [],
    ),
    "a repeated column": (
        lambda h, x, w: h @ w + broadcast(x[:, :1], shape=(len(x), x.shape[1] + 1))[:, 1:],
        lambda m, n: [],
    ),
    "two products": (lambda h, x, w: h @ w + (h * x) @ w, lambda m, n: []),
    "three": (lambda h, x, w: (h @ w + x) + (h * x) @ w, lambda m, n: []),
    "what the product reads": (lambda h, x, w: h @ w + h, lambda m, n: []),
    "what is packed": (lambda h, x, w: (h @ w) @ w + (w @ w)[:1] @ w, lambda m, n: []),
    "other rows": (lambda h, x, w: concatenate(h[1:], h[:1], axis=0) @ w + h, lambda m, n: []),
    "turned round": (lambda h, x, w, v: h @ w + (v * x.T).T, lambda m, n: [(n, m)]),
}  # fmt: skip


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(("rows", "hidden"), [(1, 5), (5, 1), (6, 33), (17, 8)])
@pytest.mark.parametrize("name", BODIES)
def test_in_a_body(name: str, rows: int, hidden: int, dtype: str) -> None:
    step, more = BODIES[name]
    program = in_scan(step, rows, hidden, dtype, *more(rows, hidden))
    arrays = [array / np.sqrt(array.shape[-1]) for array in arrays_for(program)]
    arrays = [a.astype(v.type.dtype) for a, v in zip(arrays, program.inputs, strict=True)]
    check(program, arrays, dtype)


def test_a_body_without_a_batch() -> None:
    def function(h: Any, xs: Any, w: Any) -> Any:
        return scan(lambda c, s: ([tanh(c[0] @ w + s[0])], []), [h], [xs], length=4)[0]

    program = accumulated(function, real(7), real(4, 7), real(7, 7))
    assert count(program, "scan") == 1
    check(program, arrays_for(program), "float64")
