"""Sinking: running sums and late products leave the scan, where nothing inside reads them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphnet.ir import scan, trace, type_of
from graphnet.ir.primitives.indexing import scatter_add
from graphnet.ir.primitives.opaque import call
from graphnet.ir.primitives.pointwise import cast, identity, sigmoid, tanh
from graphnet.ir.primitives.shaping import broadcast, concatenate
from graphnet.native.passes.loops.hoist import hoist
from graphnet.native.passes.loops.sink import sink
from tests.array_programs.scans import (
    SIZE,
    body,
    carried,
    names,
    normal,
    rewritten,
    scanned,
    stacked,
)

SUMS: dict[str, tuple[Callable[..., Any], tuple[int, ...], int]] = {
    "product": (lambda h, x: x.T @ h, (SIZE, SIZE), 1),
    "product, not transposed": (lambda h, x: x.reshape(SIZE, 2) @ h, (SIZE, SIZE), 1),
    "transposed product": (lambda h, x: (x.T @ h).T, (SIZE, SIZE), 1),
    "sum of rows": (lambda h, x: x.sum(0), (SIZE,), 0),
    "sum that keeps axes": (lambda h, x: x.sum((0,), keepdims=True), (1, SIZE), 0),
    "sum of everything": (lambda h, x: x.sum(), (), 0),
    "two products": (lambda h, x: x.T @ h - (-(h.T @ x)), (SIZE, SIZE), 1),
    "product and sum": (lambda h, x: x.T @ h + h.T @ h, (SIZE, SIZE), 1),
    "terms of several ranks": (lambda h, x: x.T @ h + h.sum(0) - x.sum(), (SIZE, SIZE), 1),
    "repeated": (lambda h, x: broadcast(x.sum(0), shape=(4, SIZE)), (4, SIZE), 0),
    "axes in their order": (
        lambda h, x: x.reshape(SIZE, 2).transpose(0, 1) @ h, (SIZE, SIZE), 1,
    ),
    "joined": (lambda h, x: concatenate(x.T @ h, x.T @ x, axis=0), (2 * SIZE, SIZE), 1),
    "part": (lambda h, x: (x.T @ h)[1:, :2], (SIZE - 1, 2), 1),
    "of a sequence": (lambda h, x: x, (2, SIZE), 0),
    "of identities": (lambda h, x: identity(x.T @ identity(h)), (SIZE, SIZE), 1),
    "rows by index": (
        lambda h, x: scatter_add(h, cast(x[:, 0] > 0, dtype=np.int64), rows=4), (4, SIZE), 2,
    ),
}  # fmt: skip


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("steps", [0, 1, 4])
@pytest.mark.parametrize("name", SUMS)
def test_a_running_sum_leaves(name: str, steps: int, reverse: bool) -> None:
    added, shape, stacks = SUMS[name]

    def step(carry: Any, slices: Any) -> Any:
        total, h = carry
        return [added(h, slices[0]) + total, tanh(h + slices[0])], []

    function = scanned(step, [0, 0], reverse=reverse)
    _, after = rewritten(sink, function, normal(*shape), normal(2, SIZE), normal(steps, 2, SIZE))
    assert carried(after) == 1
    assert names(body(after))[:2] in (["add", "tanh"], ["multiply", "add"], ["slice", "reshape"])
    assert {"matmul", "sum", "scatter_add"}.isdisjoint(names(body(after)))
    assert stacked(after) == stacks


def test_values_are_stacked_once_and_results_are_used() -> None:
    def step(carry: Any, slices: Any) -> Any:
        w, u, b, h = carry
        x = slices[0]
        new = tanh(h * x)
        return [w + x.T @ new, u + new.T @ new, b + new.sum(0), new], [new]

    arrays = [normal(3, 3), normal(3, 3), normal(3), normal(2, 3), normal(4, 2, 3)]
    _, after = rewritten(sink, scanned(step, [0] * 4), *arrays)
    assert (carried(after), stacked(after)) == (1, 1)
    assert names(body(after)) == ["multiply", "tanh"]


def test_a_value_added_as_it_is_leaves_if_something_else_stacks_it() -> None:
    """The bias gradient of a step without batch is no sum."""

    def step(weights: bool) -> Any:
        def function(carry: Any, slices: Any) -> Any:
            b, w, h = carry
            new = tanh(h * slices[0])
            product = slices[0].reshape(3, 1) @ new.reshape(1, 3)
            return [b + new, w + product if weights else w * 2.0, new], []

        return function

    arrays = [normal(3), normal(3, 3), normal(3), normal(4, 3)]
    _, after = rewritten(sink, scanned(step(True), [0] * 3), *arrays)
    assert (carried(after), stacked(after)) == (1, 1)
    before = trace(scanned(step(False), [0] * 3), *map(type_of, arrays))
    assert sink(before) is before


def shown_sum(total: Any, other: Any, p: Any, x: Any) -> tuple[list[Any], list[Any]]:
    new = total + p
    return [new, other * x.sum()], [new]


def carried_sum(total: Any, other: Any, p: Any, x: Any) -> tuple[list[Any], list[Any]]:
    new = total + p
    return [new, new * other], []


KEPT: dict[str, Callable[..., tuple[list[Any], list[Any]]]] = {
    "read": lambda total, other, p, x: ([total + p, other * x.sum()], [total * 2.0]),
    "shown": shown_sum,
    "carried on": carried_sum,
    "of a product that is read": lambda total, other, p, x: ([total + p, other * p], []),
    "scaled": lambda total, other, p, x: ([total * 0.5 + p, other @ p], []),
    "of what is not stacked": lambda total, other, p, x: ([total + tanh(p), other @ p], []),
    "of another": lambda total, other, p, x: ([total + other, other @ p], []),
    "of itself": lambda total, other, p, x: ([total + total, other @ p], []),
    "of more often": lambda total, other, p, x: ([total + x[0], other @ p], []),
    "of numbers": lambda total, other, p, x: ([total + np.ones((3, 3)), other @ p], []),
}


@pytest.mark.parametrize("name", KEPT)
def test_sums_that_cannot_leave_stay(name: str) -> None:
    def step(carry: Any, slices: Any) -> Any:
        x = slices[0]
        return KEPT[name](*carry, x.T @ x, x)

    arrays = [normal(3, 3), normal(3, 3), normal(4, 2, 3)]
    before = trace(scanned(step, [0, 0]), *map(type_of, arrays))
    assert sink(before) is before


def test_a_sum_of_what_nothing_stacks_stays() -> None:
    """To add up a row in each step is cheaper than to stack what it is the sum of."""

    def step(weights: bool) -> Any:
        def function(carry: Any, slices: Any) -> Any:
            b, w, h = carry
            new = h * slices[0]
            return [b + new.sum(0), w + slices[0].T @ new if weights else w * 2.0, new], []

        return function

    arrays = [normal(3), normal(3, 3), normal(2, 3), normal(4, 2, 3)]
    _, after = rewritten(sink, scanned(step(True), [0] * 3), *arrays)
    assert (carried(after), stacked(after)) == (1, 1)
    before = trace(scanned(step(False), [0] * 3), *map(type_of, arrays))
    assert sink(before) is before


def test_parts_of_a_stack_are_slices_of_it() -> None:
    def step(carry: Any, slices: Any) -> Any:
        w, u, h = carry
        a, b = tanh(h), h * slices[0]
        joined = concatenate(a, b, axis=1)
        return [w + slices[0].T @ joined, u + a.T @ slices[0], a + b], []

    arrays = [normal(3, 6), normal(3, 3), normal(2, 3), normal(4, 2, 3)]
    _, after = rewritten(sink, scanned(step, [0] * 3), *arrays)
    assert (carried(after), stacked(after)) == (1, 1)


def test_pointwise_work_and_free_results_that_the_body_needs_stay() -> None:
    def step(carry: Any, slices: Any) -> Any:
        squashed = tanh(slices[0])
        return [carry[0] * (1.0 - squashed * squashed)], [squashed, sigmoid(slices[0])]

    _, after = rewritten(hoist, scanned(step, [0]), normal(2, 3), normal(4, 2, 3))
    assert names(body(after)) == ["tanh", "multiply", "subtract", "multiply"]
    assert names(after) == ["sigmoid", "scan"]


def test_what_is_carried_unchanged_and_read_by_nothing_leaves() -> None:
    def step(carry: Any, slices: Any) -> Any:
        return [carry[0], carry[1] * slices[0]], []

    _, after = rewritten(sink, scanned(step, [0, 0]), normal(3), normal(2), normal(4, 2))
    assert carried(after) == 1


def test_sums_of_integers_and_of_no_rows() -> None:
    def step(carry: Any, slices: Any) -> Any:
        n, h = carry
        return [n + slices[0].sum(0), h + 1], []

    for rows in (0, 3):
        xs = np.arange(4 * rows * 2).reshape(4, rows, 2)
        arrays = [np.arange(2), np.ones((rows, 2), int), xs]
        _, after = rewritten(sink, scanned(step, [0, 0]), *arrays)
        assert carried(after) == 1


def test_a_product_that_only_results_read_leaves() -> None:
    """Also what is computed from it: a decoder inside of a cell."""

    def function(w: Any, b: Any, h: Any, xs: Any) -> Any:
        def step(carry: Any, slices: Any) -> Any:
            new = tanh(carry[0] + slices[0])
            return [new], [sigmoid(new @ w + b)]

        finals, results = scan(step, [h], [xs], length=4)
        return [*finals, *results]

    _, after = rewritten(sink, function, normal(3, 5), normal(5), normal(2, 3), normal(4, 2, 3))
    assert names(body(after)) == ["add", "tanh"]
    assert stacked(after) == 1


def test_a_late_product_stays_with_a_reader_that_stays() -> None:
    def double(arrays: Any) -> Any:
        return [arrays[0] * 2]

    def function(w: Any, h: Any, xs: Any) -> Any:
        def step(carry: Any, slices: Any) -> Any:
            new = tanh(carry[0] + slices[0])
            y = new @ w
            (z,) = call(tanh(y), function=double, gradient=None, types=(y.type,), label="double")
            return [new], [y, z]

        finals, results = scan(step, [h], [xs], length=4)
        return [*finals, *results]

    before = trace(function, *map(type_of, (normal(3, 5), normal(2, 3), normal(4, 2, 3))))
    assert sink(before) is before


def test_a_product_that_the_next_step_reads_stays() -> None:
    def function(w: Any, h: Any, xs: Any) -> Any:
        def step(carry: Any, slices: Any) -> Any:
            y = carry[0] @ w
            return [tanh(y + slices[0])], [y]

        finals, results = scan(step, [h], [xs], length=4)
        return [*finals, *results]

    before = trace(function, *map(type_of, (normal(3, 3), normal(2, 3), normal(4, 2, 3))))
    assert sink(before) is before
