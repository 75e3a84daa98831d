"""Hoisting: what no carried value changes is computed outside of the scan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphnet.ir import Program, scan, trace, type_of
from graphnet.ir.primitives.indexing import take, unslice
from graphnet.ir.primitives.pointwise import cast, sigmoid, tanh, where
from graphnet.ir.primitives.reduction import max as max_
from graphnet.ir.primitives.scan import scan_primitive
from graphnet.ir.primitives.shaping import broadcast, concatenate
from graphnet.native.passes.loops.hoist import hoist
from tests.array_programs.scans import SIZE, body, names, normal, rewritten, same, scanned, stacked


def condition(x: Any) -> Any:
    return where(x > 0, x, 0.0)


LIFTED: dict[str, tuple[Callable[..., Any], list[tuple[int, ...]], list[tuple[int, ...]]]] = {
    "one operand": (sigmoid, [(2, SIZE)], []),
    "a number": (lambda x: 1.0 - x, [(2, SIZE)], []),
    "vector of every row": (lambda x, k: x + k, [(2, SIZE)], [(SIZE,)]),
    "constant of rank 0": (lambda x, k: x * k, [(2, SIZE)], [()]),
    "constant of one rank": (lambda x, k: k - x, [(2, SIZE)], [(2, SIZE)]),
    "constant of higher rank": (lambda x, k: x - k, [(SIZE,)], [(4, 2, SIZE)]),
    "constant of size 1": (lambda x, k: x * k, [(2, SIZE)], [(2, 1)]),
    "number a step": (lambda x, k: x * k, [()], [(2, SIZE)]),
    "two ranks": (lambda x, y: x / (2 + y * y), [(2, SIZE), (SIZE,)], []),
    "two ranks and a constant": (lambda x, y, k: x * y + k, [(1,), (2, 1)], [(2, 2, SIZE)]),
    "condition": (condition, [(2, SIZE)], []),
    "condition of another rank": (lambda x, y: where(x > 0, y, x), [(SIZE,), (2, SIZE)], []),
    "cast": (lambda x: cast(x, dtype=np.float32), [(2, SIZE)], []),
    "matrix @ constant": (lambda x, k: x @ k, [(2, SIZE)], [(SIZE, 4)]),
    "vector @ constant": (lambda x, k: x @ k, [(SIZE,)], [(SIZE, 4)]),
    "matrices @ constant": (lambda x, k: x @ k, [(2, 5, SIZE)], [(SIZE, 4)]),
    "matrix @ constant vector": (lambda x, k: x @ k, [(2, SIZE)], [(SIZE,)]),
    "vector @ constant vector": (lambda x, k: x @ k, [(SIZE,)], [(SIZE,)]),
    "constant @ matrix": (lambda x, k: k @ x, [(SIZE, 2)], [(4, SIZE)]),
    "constant @ vector": (lambda x, k: k @ x, [(SIZE,)], [(4, SIZE)]),
    "constant vector @ matrix": (lambda x, k: k @ x, [(SIZE, 2)], [(SIZE,)]),
    "matrix @ constant matrices": (lambda x, k: x @ k, [(2, SIZE)], [(5, SIZE, 4)]),
    "constant matrices @ matrix": (lambda x, k: k @ x, [(SIZE, 2)], [(5, 4, SIZE)]),
    "matrix @ matrix": (lambda x, y: x @ y, [(2, SIZE), (SIZE, 4)], []),
    "matrix @ matrices": (lambda x, y: x @ y, [(2, SIZE), (5, SIZE, 4)], []),
    "vector @ matrix": (lambda x, y: x @ y, [(SIZE,), (SIZE, 4)], []),
    "vector @ vector": (lambda x, y: x @ y, [(SIZE,), (SIZE,)], []),
    "reshape": (lambda x: x.reshape(SIZE, -1), [(2, SIZE)], []),
    "transpose": (lambda x: x.transpose(2, 0, 1), [(2, SIZE, 4)], []),
    "broadcast": (lambda x: broadcast(x, shape=(2, 4, SIZE)), [(4, 1)], []),
    "slice": (lambda x: x[:, 1:3], [(2, SIZE)], []),
    "unslice": (lambda x: unslice(x, window=((1, 3, 1),), shape=(4,)), [(2,)], []),
    "sum": (lambda x: x.sum(), [(2, SIZE)], []),
    "sum of the last axis": (lambda x: x.sum(-1, keepdims=True), [(2, SIZE)], []),
    "max": (lambda x: max_(x, axis=(0, 1), keepdims=False), [(2, SIZE)], []),
    "concatenate": (lambda x, y: concatenate(x, y, axis=-1), [(2, SIZE), (2, 1)], []),
    "concatenate a constant": (lambda x, k: concatenate(k, x, axis=0), [(2, SIZE)], [(1, SIZE)]),
    "rows": (lambda x, k: take(k, cast(x > 0, dtype=np.int64)), [(2,)], [(4, SIZE)]),
}


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("steps", [0, 1, 4])
@pytest.mark.parametrize("name", LIFTED)
def test_a_result_free_of_carried_values_is_computed_outside(
    name: str, steps: int, reverse: bool
) -> None:
    rule, slices, constants = LIFTED[name]

    def function(c: Any, *values: Any) -> Any:
        fixed, sequences = values[: len(constants)], values[len(constants) :]
        finals, results = scan(
            lambda carry, parts: ([carry[0] * 2.0], [rule(*parts, *fixed), carry[0]]),
            [c], sequences, length=steps, reverse=reverse,
        )  # fmt: skip
        return [*finals, *results]

    arrays = [normal(2), *(normal(*s) for s in constants), *(normal(steps, *s) for s in slices)]
    _, after = rewritten(hoist, function, *arrays)
    assert names(body(after)) == ["multiply"]
    assert stacked(after) == 1


def recurrent(carry: Any, slices: Any, weights: Any, bias: Any) -> Any:
    h = tanh(slices[0] @ weights[0] + bias + carry[0] @ weights[1])
    return [h], [h]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(("steps", "batch"), [(4, 2), (1, 2), (4, 0), (4, 1)])
def test_products_of_slices_become_one(steps: int, batch: int, reverse: bool) -> None:
    def function(w: Any, u: Any, bias: Any, h: Any, xs: Any) -> Any:
        finals, results = scan(
            lambda carry, slices: recurrent(carry, slices, (w, u), bias),
            [h], [xs], length=steps, reverse=reverse,
        )  # fmt: skip
        return [*finals, *results]

    arrays = [normal(5, 4), normal(4, 4), normal(4), normal(batch, 4), normal(steps, batch, 5)]
    _, after = rewritten(hoist, function, *arrays)
    assert names(body(after)) == ["matmul", "add", "tanh"]
    assert names(after)[:-1] == ["reshape", "matmul", "reshape", "add"], "the bias leaves too"
    (product,) = [e for e in after.equations if e.primitive.name == "matmul"]
    assert product.inputs[0].type.shape == (steps * batch, 5)


def test_moves_stay_and_a_sequence_grows_little() -> None:
    """A mask of one number a row that meets a constant would become as large as the constant."""

    def step(carry: Any, slices: Any) -> Any:
        x, live = slices
        kept = where(live.reshape(2, 1), np.ones((2, 50)), 0.0)
        return [carry[0] * kept + x.T + x[:1].T], []

    sequences = [normal(4, 50, 2), normal(4, 2) > 0]
    before = trace(scanned(step, [0]), *map(type_of, [normal(2, 50), *sequences]))
    assert hoist(before) is before


def test_what_is_computed_outside_anyway_is_not_computed_again() -> None:
    def function(w: Any, c: Any, xs: Any) -> Any:
        def step(carry: Any, slices: Any) -> Any:
            wide = slices[0] * np.ones((8, 2))
            return [carry[0] * (wide @ w) + wide], []

        return scan(step, [c], [xs], length=4)[0]

    _, after = rewritten(hoist, function, normal(2, 2), normal(8, 2), normal(4, 2))
    assert names(body(after)) == ["multiply", "add"]


def test_constants_alone_leave() -> None:
    """Tracing puts them outside already; other passes may leave them inside."""
    inner = trace(
        lambda w, v, h: [h @ (w.T + v)], *map(type_of, (normal(2, 2), normal(2), normal(3, 2)))
    )
    outer = trace(
        lambda w, v, h: scan_of(inner, [w, v, h], constants=2, carried=1, length=3, reverse=False),
        *map(type_of, (normal(2, 2), normal(2), normal(3, 2))),
    )
    after = hoist(outer)
    same(outer, after, [normal(2, 2), normal(2), normal(3, 2)])
    assert names(body(after)) == ["matmul"]


def scan_of(inner: Program, operands: list[Any], **settings: Any) -> list[Any]:
    return list(scan_primitive(*operands, body=inner, **settings))


def test_integers_and_truth_values() -> None:
    def step(carry: Any, slices: Any) -> Any:
        n, live = slices
        more = where(live, n * 2 + 1, 0)
        return [carry[0] + more * carry[1], carry[1] + more], [more > 1, cast(live, dtype=np.int64)]

    arrays = [np.arange(3), np.arange(3), np.arange(12).reshape(4, 3), normal(4, 3) > 0]
    _, after = rewritten(hoist, scanned(step, [0, 0]), *arrays)
    assert "cast" not in names(body(after))
    assert names(body(after)).count("where") == 1
    assert stacked(after) == 1
