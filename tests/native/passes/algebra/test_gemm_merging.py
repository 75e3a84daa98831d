"""Products of one operand become one product, where nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphnet.ir import (
    ArrayType,
    Program,
    scan,
    trace,
)
from graphnet.ir.primitives.pointwise import tanh
from graphnet.native.passes.algebra.gemm_merging import merge
from tests.array_programs.checks import (
    arrays_for,
    assert_same_meaning,
    body_of,
    count,
    recurrent_programs,
    unread,
)
from tests.array_programs.passes import (
    LONG,
    SQUARE,
    in_body,
    names,
    products_of,
    through_all,
    whole,
)


def merged(function: Callable[..., Any], *types: ArrayType) -> Program:
    program = trace(function, *types)
    changed = assert_same_meaning(program, merge, arrays_for(program))
    assert not unread(changed)
    return changed


def test_products_of_one_left_operand() -> None:
    program = merged(lambda x, a, b: tanh(x @ a) + tanh(x @ b), *[SQUARE] * 3)
    assert names(program) == ["concatenate", "matmul", "slice", "slice", "tanh", "tanh", "add"]


def test_products_of_one_right_operand() -> None:
    """They are joined where both are constants of a scan; outside they may be rows of data."""

    def step(h: Any, a: Any, b: Any) -> Any:
        return tanh(a @ h) + tanh(b @ h)

    program = in_body(step, SQUARE, SQUARE)
    changed = assert_same_meaning(program, merge, arrays_for(program))
    assert names(changed) == ["concatenate", "scan"]
    assert names(body_of(changed)) == ["matmul", "slice", "slice", "tanh", "tanh", "add"]
    program = trace(lambda x, a, b: tanh(a @ x) + tanh(b @ x), *[SQUARE] * 3)
    assert merge(program) is program
    program = trace(lambda x, a, b: tanh(tanh(a) @ x) + tanh(tanh(b) @ x), *[SQUARE] * 3)
    assert merge(program) is program


def test_heads_on_one_input() -> None:
    """The transpose of each weight, which stands between the products, comes first; but copies of
    large matrices do not pay where no step repeats what is won."""

    def function(x: Any, a: Any, b: Any, c: Any) -> Any:
        return [tanh(x @ a.T), tanh(x @ b.T), x @ c.T]

    program = merged(function, *[SQUARE] * 4)
    assert count(program, "matmul") == 1
    wide = ArrayType((80, 80), np.dtype(float))
    assert count(merged(function, *[wide] * 4), "matmul") == 3


def test_gradients_of_heads_are_not_joined() -> None:
    """The right operand is data there, though it is given."""
    program = trace(lambda x, f, g: [(turned := x.T) @ f, turned @ g], *[SQUARE] * 3)
    assert merge(program) is program


def test_transposed_matrices_are_joined_as_they_lie() -> None:
    def function(x: Any, a: Any, b: Any) -> Any:
        v, w = a.T, b.T
        return tanh(x @ v) + tanh(x @ w)

    program = merged(function, *[SQUARE] * 3)
    assert names(program)[:3] == ["concatenate", "transpose", "matmul"]


def test_rows_of_data_are_not_joined() -> None:
    """Two products that share a matrix share its panels too; a copy of the rows would cost more."""
    rows = ArrayType((300, 50), np.dtype(float))
    square = ArrayType((50, 50), np.dtype(float))
    program = merged(lambda x, y, w: tanh(x @ w) + tanh(y @ w), rows, rows, square)
    assert count(program, "concatenate") == 0
    program = merged(lambda x, y, v, w: tanh(x @ v + y @ w), rows, rows, square, square)
    assert count(program, "matmul") == 2
    program = merged(lambda x, v, w: tanh(x @ v) + tanh(x @ w), rows, square, square)
    assert count(program, "matmul") == 1


def test_sums_of_products() -> None:
    def function(x: Any, a: Any, b: Any, c: Any) -> Any:
        return tanh(x) @ a + b + ((x - b) @ c + x @ c)

    program = merged(function, *[SQUARE] * 4)
    assert count(program, "matmul") == 2, "x is data, which is not copied"
    assert count(program, "add") == 2


def test_sums_of_reshaped_products() -> None:
    """As the gradient of a sequence is, whose steps were folded into rows."""

    def function(a: Any, b: Any, c: Any, d: Any, xs: Any) -> Any:
        first, second = (tanh(a) @ b).reshape(1, 3, 3), (tanh(c) @ d).reshape(1, 3, 3)
        return first + xs[:1] + second

    program = merged(function, *[SQUARE] * 4, LONG)
    assert count(program, "matmul") == 1


def test_a_sum_that_is_read_elsewhere_is_kept() -> None:
    def function(x: Any, a: Any, b: Any) -> Any:
        first = x @ a
        return [first + b @ b.T, first]

    assert count(merged(function, *[SQUARE] * 3), "matmul") == 2


def test_products_that_depend_on_each_other_stay_apart() -> None:
    program = merged(lambda x, a, b: x @ tanh(x @ tanh(x @ a)) + b, *[SQUARE] * 3)
    assert count(program, "matmul") == 3
    program = merged(lambda x, a, b: (y := x @ a, x @ tanh(y), x @ b), *[SQUARE] * 3)
    assert count(program, "matmul") == 2


def test_large_operands_are_not_joined_for_small_products() -> None:
    rows = ArrayType((1, 400), np.dtype(float))
    wide = ArrayType((400, 400), np.dtype(float))
    program = merged(lambda x, a, b: tanh(x @ a) + tanh(x @ b), rows, wide, wide)
    assert count(program, "matmul") == 2


@pytest.mark.parametrize(("stays", "products"), [(True, 1), (False, 2)])
def test_in_a_body_only_what_stays_is_joined_for_free(stays: bool, products: int) -> None:
    """Joining large matrices pays for one row if it is done once for a hundred steps."""
    wide, row = ArrayType((64, 64), np.dtype(float)), ArrayType((1, 64), np.dtype(float))

    def function(h: Any, u: Any, v: Any, vs: Any) -> Any:
        def step(carry: Any, slices: Any) -> Any:
            (h,) = carry
            return [tanh(h @ u) * tanh(h @ (v if stays else slices[0]))], []

        return scan(step, [h], [vs], length=100)[0]

    program = merged(function, row, wide, wide, ArrayType((100, 64, 64), np.dtype(float)))
    assert count(body_of(program), "matmul") == products


def test_in_a_body_constants_are_joined_outside_and_classes_stay_apart() -> None:
    def function(h: Any, u: Any, v: Any, w: Any, xs: Any) -> Any:
        def step(carry: Any, slices: Any) -> Any:
            (h,), (x,) = carry, slices
            new = tanh(x @ u + h @ v) * tanh(h @ u + x @ w)
            return [new], [x @ v + h @ w, new @ u, new @ v]

        finals, results = scan(step, [h], [xs], length=5)
        return [*finals, *results]

    program = merged(function, *[SQUARE] * 4, LONG)
    body = body_of(program)
    # x with [u w v]; h with [v u]; h with w, which nothing carried depends on; new with [u v]
    assert count(body, "matmul") == 4
    assert count(body, "concatenate") == 0
    assert count(program, "concatenate") == 3


PRODUCTS: dict[str, tuple[int, int, int, int]] = {
    # forward before and after, backward before and after
    "rnn_cell": (2, 1, 4, 1),
    "lstm_cell": (8, 1, 16, 1),
    "gru_cell": (6, 1, 12, 1),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_products_of_one_step(name: str) -> None:
    _, forward, backward = recurrent_programs(name)
    found = [
        len(products_of(body_of(program)))
        for before in (forward, backward)
        for program in (before, through_all(before))
    ]
    assert tuple(found) == PRODUCTS[name]


def test_matrices_that_stay_are_joined_before_the_scan() -> None:
    """Those by x and those by h, and the biases of both."""
    forward = through_all(recurrent_programs("lstm_cell")[1])
    assert count(forward, "concatenate") == 4
    assert count(body_of(forward), "concatenate") == 0


@pytest.mark.parametrize("index", [0, 1])
def test_eight_linears_are_as_good_as_two(index: int) -> None:
    one, other = (whole(name)[index] for name in ("lstm_cell", "lstm_cell_merged"))
    assert sorted(names(body_of(one))) == sorted(names(body_of(other)))
    assert count(one, "matmul") == count(other, "matmul")
    assert count(one, "sum") == count(other, "sum")
