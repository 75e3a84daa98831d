"""Sums of slices and concatenations: added before they are cut, joined where they lie side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphnet.ir import (
    ArrayType,
    Program,
    trace,
)
from graphnet.ir.primitives.indexing import unslice
from graphnet.ir.primitives.pointwise import tanh
from graphnet.ir.primitives.shaping import concatenate
from graphnet.native.passes.algebra.batched_reduction import join_batches
from graphnet.native.passes.algebra.gemm_merging import merge
from graphnet.native.passes.algebra.reassociation import join_sums
from graphnet.native.passes.algebra.slice_sums import join_totals
from graphnet.native.passes.loops.hoist import hoist
from graphnet.native.passes.simplification.simplify import simplify
from tests.array_programs.checks import (
    arrays_for,
    assert_same_meaning,
    body_of,
    count,
)
from tests.array_programs.passes import LONG, SQUARE, in_body, names


def hoisted(step: Callable[..., Any], *types: ArrayType) -> Program:
    program = in_body(step, *types)
    return assert_same_meaning(
        program, lambda p: hoist(join_sums(merge(simplify(p)))), arrays_for(program)
    )


ROW = ArrayType((3,), np.dtype(float))


WIDE, WIDE_ROW = ArrayType((3, 6), np.dtype(float)), ArrayType((6,), np.dtype(float))


def test_slices_are_added_before_they_are_cut() -> None:
    def step(h: Any, v: Any, w: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
        p, q = h @ v, tanh(h) @ w
        return tanh(p[:, :3] + a + (q[:, :3] + b)) * (c + p[:, 3:] + (d + q[:, 3:]) + h)

    program = hoisted(step, WIDE, WIDE, ROW, ROW, ROW, ROW)
    body = names(body_of(program))
    assert [body.count(name) for name in ("matmul", "slice", "add", "tanh")] == [2, 2, 3, 2]
    assert names(program) == ["concatenate", "concatenate", "add", "scan"]


def test_slices_that_do_not_lie_side_by_side_are_cut_first() -> None:
    def step(h: Any, v: Any, w: Any) -> Any:
        p, q = h @ v, tanh(h) @ w
        return tanh(p[:, :3] + q[:, 3:]) * (p[:, 3:] + q[:, :3])

    assert names(body_of(hoisted(step, WIDE, WIDE))).count("slice") == 4


def test_constants_of_a_sum_are_added_outside() -> None:
    def step(h: Any, a: Any, b: Any, c: Any) -> Any:
        return ((tanh(h) + a) + (h @ h + b)) + c

    program = hoisted(step, ROW, SQUARE, ROW)
    assert names(body_of(program)).count("add") == 2
    assert count(program, "add") == 2


def test_parts_with_zeros_around_become_a_concatenation() -> None:
    def part(x: Any, start: int) -> Any:
        return unslice(x, window=((0, 3, 1), (start, start + 3, 1)), shape=(3, 9))

    def function(x: Any, y: Any, z: Any) -> Any:
        return part(x, 6) + part(y, 0) + part(z, 3)

    program = trace(function, *[SQUARE] * 3)
    assert names(assert_same_meaning(program, join_sums, arrays_for(program))) == ["concatenate"]
    program = trace(lambda x, y: part(x, 0) + part(y, 3), *[SQUARE] * 2)
    changed = assert_same_meaning(program, join_sums, arrays_for(program))
    assert count(changed, "unslice") == 2


def test_overlapping_concatenations_are_one() -> None:
    def step(h: Any, v: Any, w: Any) -> Any:
        a, b, c = h + 1.0, h * 2.0, h - v[:3]
        return tanh(concatenate(a, b, axis=1) @ v) + tanh(concatenate(b, c, axis=1) @ w)

    tall = ArrayType((6, 3), np.dtype(float))
    body = names(body_of(hoisted(step, tall, tall)))
    assert [body.count(name) for name in ("concatenate", "matmul")] == [1, 2]


def test_sums_of_slices_are_slices_of_a_sum() -> None:
    program = trace(lambda x: [x[:, :2].sum(0), x[:, 2:].sum(0)], SQUARE)
    changed = assert_same_meaning(program, join_totals, arrays_for(program))
    assert names(changed) == ["sum", "slice", "slice"]
    program = trace(lambda x: [x[:1].sum(0), x[1:].sum(0), x[:, :1].sum(0)], SQUARE)
    assert join_totals(program) is program


def test_sums_of_products_of_steps_are_one_product() -> None:
    program = trace(lambda x, y: (x.transpose(0, 2, 1) @ y).sum(0), LONG, LONG)
    changed = assert_same_meaning(program, join_batches, arrays_for(program))
    assert names(changed) == ["reshape", "reshape", "transpose", "matmul"]
    for function in (
        lambda x, y: (x @ y).sum(0),
        lambda x, y: (x.transpose(0, 2, 1) @ y).sum(1),
        lambda x, y: (x.transpose(0, 2, 1) @ y[:1]).sum(0),
        lambda x, y: (x.transpose(0, 2, 1) @ y).sum(0, keepdims=True),
    ):
        program = trace(function, LONG, LONG)
        assert join_batches(program) is program
