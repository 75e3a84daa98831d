"""Passes over equations: what they make of small programs, of every cell, of random programs."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphnet import nn
from graphnet.ir import (
    ArrayType,
    Equation,
    Program,
    differentiate,
    run_program,
    scan,
    trace,
    type_of,
)
from graphnet.ir.core.trace import inline
from graphnet.ir.primitives import opaque
from graphnet.ir.primitives.indexing import checked_lengths, unslice
from graphnet.ir.primitives.pointwise import identity, maximum, stop_gradient, tanh, where
from graphnet.ir.primitives.shaping import broadcast, concatenate, zeros
from graphnet.native.passes import PASSES
from graphnet.native.passes.algebra.batched_reduction import join_batches
from graphnet.native.passes.algebra.gemm_merging import merge
from graphnet.native.passes.algebra.reassociation import join_sums
from graphnet.native.passes.algebra.slice_sums import join_totals
from graphnet.native.passes.algebra.transpose_propagation import orient
from graphnet.native.passes.loops.hoist import hoist
from graphnet.native.passes.simplification.simplify import simplify
from tests.support.programs import (
    arrays_for,
    assert_same_meaning,
    body_of,
    count,
    equations_of,
    recurrent_programs,
    unread,
)

SQUARE, LONG = ArrayType((3, 3), np.dtype(float)), ArrayType((5, 3, 3), np.dtype(float))


def simplified(function: Callable[..., Any], *types: ArrayType) -> Program:
    program = trace(function, *types)
    changed = assert_same_meaning(program, simplify, arrays_for(program))
    assert not unread(changed)
    return changed


def merged(function: Callable[..., Any], *types: ArrayType) -> Program:
    program = trace(function, *types)
    changed = assert_same_meaning(program, merge, arrays_for(program))
    assert not unread(changed)
    return changed


def names(program: Program) -> list[str]:
    return [equation.primitive.name for equation in program.equations]


# ---- simplification of small programs

NOTHING: dict[str, Callable[[Any], Any]] = {
    "add zeros": lambda x: x + zeros(x.type),
    "zeros added to": lambda x: zeros(x.type) + x,
    "subtract zero": lambda x: x - 0.0,
    "times one": lambda x: 1.0 * x * 1.0,
    "divided by one": lambda x: x / 1.0,
    "negative twice": lambda x: (-x).__neg__(),
    "transposed twice": lambda x: x.T.T,
    "transposed by nothing": lambda x: x.transpose(0, 1),
    "reshaped back": lambda x: x.reshape(9).reshape(3, 3),
    "broadcast to itself": lambda x: broadcast(x, shape=(3, 3)),
    "slice of joined": lambda x: concatenate(x + 1.0, x, axis=0)[3:],
    "slice of unsliced": lambda x: unslice(x, window=((1, 4, 1), (0, 3, 1)), shape=(5, 3))[1:4],
    "identity": lambda x: stop_gradient(identity(x)),
    "one array joined": lambda x: concatenate(x, axis=0),
    "selected from the same": lambda x: where(x > 0, x, x),
    "selected always": lambda x: where(zeros(x.type) < 1.0, x, 2.0 * x),
    "the larger of the same": lambda x: maximum(x, x),
    "zeros everywhere": lambda x: x + tanh(-zeros(x.type).T[:, :1]).sum(0),
    "cast back": lambda x: x.astype(float),
    "read by nobody": lambda x: (tanh(x), x)[1],
}


@pytest.mark.parametrize("name", NOTHING)
def test_nothing_remains_of_what_changes_nothing(name: str) -> None:
    program = simplified(NOTHING[name], SQUARE)
    assert program.equations == []
    assert program.outputs == program.inputs


LESS: dict[str, tuple[Callable[..., Any], list[str]]] = {
    "computed twice": (lambda x: tanh(x) * tanh(x), ["tanh", "multiply"]),
    "sums either way": (lambda x: (x + x.T) * (x.T + x), ["transpose", "add", "multiply"]),
    "minus": (lambda x: x + (-tanh(x)), ["tanh", "subtract"]),
    "one minus": (lambda x: x * -1.0 + 1.0, ["subtract"]),
    "minus minus": (lambda x: x - (-x), ["add"]),
    "slices of slices": (lambda x: x[1:][1:, ::2], ["slice"]),
    "an empty slice": (lambda x: x[1::2][1:], ["slice"]),
    "a slice of two parts": (lambda x: concatenate(x, x, axis=0)[2:4], ["concatenate", "slice"]),
    "broadcast twice": (
        lambda x: broadcast(broadcast(x, shape=(1, 3, 3)), shape=(2, 3, 3)),
        ["broadcast"],
    ),
    "broadcasts by itself": (lambda x: x + broadcast(x[0], shape=(3, 3)), ["slice", "reshape", "add"]),
    "a sum along one": (lambda x: x.reshape(1, 9).sum(0), ["reshape"]),
    "times zero": (lambda x: x * zeros(x.type), ["multiply"]),
    "product with zeros": (lambda x: x @ zeros(x.type), ["broadcast", "matmul"]),
}  # fmt: skip


@pytest.mark.parametrize("name", LESS)
def test_less_remains(name: str) -> None:
    function, expected = LESS[name]
    assert names(simplified(function, SQUARE)) == expected


def test_what_is_not_finite_is_kept() -> None:
    """A product with zeros is NaN where the other factor is not finite."""
    program = trace(lambda x: [x * zeros(x.type), x + zeros(x.type), x + (-x)], SQUARE)
    values = np.array([[np.inf, -np.inf, np.nan], [1.0, -0.0, 0.0], [2.0, 3.0, 4.0]])
    assert_same_meaning(program, simplify, [values])


def test_effects_are_kept() -> None:
    """A user's function is called, and wrong lengths are reported, even if no result is read."""
    called: list[int] = []

    def noted(arrays: Any) -> Any:
        called.append(1)
        return arrays

    def function(x: Any, lengths: Any) -> Any:
        for _ in range(2):
            opaque.call(x, function=noted, gradient=None, types=(x.type,), label="noted")
        checked_lengths(lengths, steps=9)
        return x

    program = simplify(trace(function, SQUARE, ArrayType((3,), np.dtype(int))))
    assert names(program) == ["call", "call", "checked_lengths"]
    run_program(program, [np.ones((3, 3)), np.ones(3, int)])
    assert len(called) == 2


# ---- scans


def test_a_scan_keeps_only_what_is_read() -> None:
    """A carried value that nobody reads vanishes with what only it needs; one that another carried
    value reads remains."""

    def function(x: Any, unused: Any, xs: Any, ys: Any) -> Any:
        def step(carry: Any, slices: Any) -> Any:
            a, b, c = carry
            x, y = slices
            return [a + b, b * x, c @ y + unused], [tanh(a), c, y]

        finals, results = scan(step, [x, x + 1.0, x], [xs, ys], length=5)
        return [finals[0], results[0]]

    program = simplified(function, SQUARE, SQUARE, LONG, LONG)
    assert names(body_of(program)) == ["add", "multiply", "tanh"]
    (equation,) = [e for e in program.equations if e.primitive.name == "scan"]
    assert [equation.settings[name] for name in ("constants", "carried")] == [0, 2]
    assert len(equation.inputs) == 3


def test_what_no_step_changes_is_no_carried_value() -> None:
    def function(x: Any, xs: Any) -> Any:
        def step(carry: Any, slices: Any) -> Any:
            still, zero, total = carry
            return [still + zero, zeros(x.type), total + still], [
                slices[0],
                still,
                zero,
                total,
                total,
            ]

        finals, results = scan(step, [x, zeros(x.type), x], [xs], length=5)
        return [*finals, *results]

    program = simplified(function, SQUARE, LONG)
    (equation,) = [e for e in program.equations if e.primitive.name == "scan"]
    assert program.outputs[0] is program.inputs[0]
    assert program.outputs[3] is program.inputs[1]
    assert names(body_of(program)) == ["add"]
    assert len(equation.outputs) == 2


def test_zeros_enter_the_body_as_zeros() -> None:
    def function(x: Any, xs: Any) -> Any:
        def step(carry: Any, slices: Any) -> Any:
            return [carry[0] * slices[0] + slices[1] + zero + carry[1], carry[1]], [slices[1]]

        zero = zeros(x.type)
        sequences = [xs, zeros(xs.type)]
        finals, results = scan(step, [x, zeros(x.type)], sequences, length=5, reverse=True)
        return [*finals, *results]

    program = simplified(function, SQUARE, LONG)
    assert names(body_of(program)) == ["multiply"]


@pytest.mark.parametrize("length", [0, 1])
@pytest.mark.parametrize("rewrite", [item[1] for item in PASSES], ids=[item[0] for item in PASSES])
def test_short_scans(rewrite: Callable[[Program], Program], length: int) -> None:
    def function(x: Any, w: Any, xs: Any) -> Any:
        def step(carry: Any, slices: Any) -> Any:
            h, still = carry
            return [tanh(h @ w + slices[0] @ w + h @ w.T), still], [h @ x, still]

        finals, results = scan(step, [x, w], [xs], length=length)
        return [*finals, *results]

    types = SQUARE, SQUARE, ArrayType((length, 3, 3), np.dtype(float))
    program = trace(function, *types)
    assert_same_meaning(program, rewrite, arrays_for(program))


# ---- merging in small programs


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


def test_scans_inside_scans() -> None:
    """What is joined leaves both scans, if it is a constant of both."""

    def function(h: Any, w: Any, u: Any, xs: Any) -> Any:
        def outer(carry: Any, slices: Any) -> Any:
            def inner(inside: Any, steps: Any) -> Any:
                new = tanh(inside[0] @ w + steps[0] @ u) * tanh(inside[0] @ u)
                return [new], [new @ u]

            finals, results = scan(inner, [carry[0]], [xs], length=5)
            return [finals[0] + slices[0] @ w], [results[0].sum(0) + zeros(carry[0].type)]

        finals, results = scan(outer, [h], [xs], length=5, reverse=True)
        return [*finals, *results]

    program = trace(function, SQUARE, SQUARE, SQUARE, LONG)
    derivative = differentiate(program, program.inputs)
    for each in (program, derivative.forward, derivative.backward):
        changed = assert_same_meaning(each, through_all, arrays_for(each), tolerance=1e-10)
        assert len(products_of(changed)) < len(products_of(each))
    changed = through_all(program)
    assert count(changed, "concatenate") == 1
    assert sum(e.primitive.name == "concatenate" for e in equations_of(changed)) == 1


def products_of(program: Program) -> list[Equation]:
    return [e for e in equations_of(program) if e.primitive.name in ("matmul", "matmul_add")]


# ---- every cell

VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "lengths": {"lengths": True},
    "reverse": {"reverse": True},
    "lengths, reverse": {"lengths": True, "reverse": True},
}


def through_all(program: Program) -> Program:
    for _, rewrite in PASSES:
        program = rewrite(program)
    return program


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", nn.CELLS)
def test_cells_mean_the_same(name: str, variant: str) -> None:
    for program in recurrent_programs(name, **VARIANTS[variant]):
        arrays = arrays_for(program)
        changed = assert_same_meaning(program, simplify, arrays, tolerance=0)
        assert len(equations_of(changed)) <= len(equations_of(program))
        assert_same_meaning(changed, merge, arrays)
        assert_same_meaning(program, through_all, arrays)


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


def test_origins_are_kept() -> None:
    forward = merge(simplify(recurrent_programs("lstm_cell")[1]))
    paths = {e.origin.path for e in body_of(forward).equations if e.origin}
    gates = ("forget_gate", "input_gate", "candidate", "output_gate")
    assert {f"{gate}.{part}" for gate in gates for part in ("i2h", "h2h")} <= paths


# ---- sums of slices, of parts, of constants


def in_body(step: Callable[..., Any], *types: ArrayType, length: int = 5) -> Program:
    """A program with one scan: ``step`` of a carried array, and of constants of these types."""

    def function(h: Any, *constants: Any) -> Any:
        finals, _ = scan(lambda carry, _: ([step(*carry, *constants)], []), [h], [], length=length)
        return finals

    return trace(function, SQUARE, *types)


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


# ---- orientation

TURNED: dict[str, tuple[Callable[..., Any], list[str]]] = {
    "a product": (lambda a, b: (a.T @ b).T, ["transpose", "matmul"]),
    "slices of it": (
        lambda a, b: [(y := a.T @ b)[1:, :1].T, y[:1].T], ["transpose", "matmul", "slice", "slice"],
    ),
    "a sum": (lambda a, b: (a.T @ b + b.T @ a).T, ["transpose", "matmul"] * 2 + ["add"]),
}  # fmt: skip


@pytest.mark.parametrize("name", TURNED)
def test_products_are_turned_round(name: str) -> None:
    function, expected = TURNED[name]
    program = trace(function, SQUARE, SQUARE)
    changed = assert_same_meaning(program, orient, arrays_for(program))
    assert sorted(names(changed)) == sorted(expected)
    assert not any(made_by(changed, atom, "transpose") for atom in changed.outputs)


@pytest.mark.parametrize("function", [
    lambda a, b: [(y := a.T @ b).T, y],
    lambda a, b: [(y := a.T @ b).T, tanh(y)],
    lambda a, b: (a.T @ b + a).T,
    lambda a, b: a.T @ b,
])  # fmt: skip
def test_what_is_read_as_it_is_is_not_turned(function: Callable[..., Any]) -> None:
    program = trace(function, SQUARE, SQUARE)
    assert orient(program) is program


def made_by(program: Program, atom: Any, name: str) -> bool:
    return any(atom in e.outputs and e.primitive.name == name for e in program.equations)


# ---- what is left of the cells


def whole(name: str, **options: Any) -> tuple[Program, Program]:
    """Forward and backward after all passes, of a cell large enough that copies do not pay."""
    _, forward, backward = recurrent_programs(name, hidden=48, batch=16, **options)
    return through_all(forward), through_all(backward)


LSTM = {
    "matmul_add": 1, "matmul": 0, "slice": 4, "sigmoid": 3, "tanh": 2, "multiply": 3, "add": 1
}  # fmt: skip
BODIES: dict[str, tuple[dict[str, int], dict[str, int], int]] = {
    # forward, backward, and how many hidden sizes wide the stacks of backward are in all
    "lstm_cell": (LSTM, {"matmul": 1, "add": 2}, 4),
    "lstm_cell_merged": (LSTM, {"matmul": 1, "add": 2}, 4),
    "lstm_cell_peephole": ({**LSTM, "multiply": 6, "add": 4}, {"matmul": 1, "sum": 0}, 4),
    "lstm_cell_layernorm": ({"matmul": 1, "slice": 4}, {"matmul": 1}, 8),
    "gru_cell": ({"matmul": 1, "slice": 6, "add": 6}, {"matmul_add": 1, "add": 1}, 4),
    "mlstm_cell": ({"matmul": 2, "add": 5}, {"matmul": 2, "add": 2}, 6),
}


@pytest.mark.parametrize("name", BODIES)
def test_bodies_compute_and_stack_little(name: str) -> None:
    forward, backward = whole(name)
    *expected, wide = BODIES[name]
    for program, counts in zip((forward, backward), expected, strict=True):
        assert {key: count(body_of(program), key) for key in counts} == counts
    (equation,) = [e for e in backward.equations if e.primitive.name == "scan"]
    stacks = equation.outputs[equation.settings["carried"] :]
    assert sum(var.type.shape[-1] for var in stacks) == wide * 48
    assert count(body_of(backward), "concatenate") <= 2


@pytest.mark.parametrize("name", ["lstm_cell", "gru_cell", "lstm_cell_merged"])
def test_no_sequence_is_copied(name: str) -> None:
    """Pointwise work stays in the bodies; what is joined outside are weights and biases; gradients
    of weights are rows of a product. One sequence enters the forward body: all gates of x."""
    forward, backward = whole(name)
    for program in (forward, backward):
        outside = [e for e in program.equations if e.primitive.name in ("concatenate", "add")]
        assert all(len(e.outputs[0].type.shape) <= 2 for e in outside)
        assert not any(e.outputs[0].type.shape[0] == 80 for e in outside)
        assert {"multiply", "subtract"}.isdisjoint(names(program))
    (equation,) = [e for e in forward.equations if e.primitive.name == "scan"]
    entering = equation.inputs[equation.settings["constants"] + equation.settings["carried"] :]
    assert len(entering) == 1
    assert not any(made_by(backward, atom, "transpose") for atom in backward.outputs)
    cuts = [e for e in backward.equations if not set(e.outputs).isdisjoint(backward.outputs)]
    for cut in cuts:
        if cut.primitive.name == "slice":
            full = [(0, size, 1) for size in cut.inputs[0].type.shape]
            assert tuple(cut.settings["window"])[1:] == tuple(full[1:])


@pytest.mark.parametrize("index", [0, 1])
def test_eight_linears_are_as_good_as_two(index: int) -> None:
    one, other = (whole(name)[index] for name in ("lstm_cell", "lstm_cell_merged"))
    assert sorted(names(body_of(one))) == sorted(names(body_of(other)))
    assert count(one, "matmul") == count(other, "matmul")
    assert count(one, "sum") == count(other, "sum")


# ---- random programs, long programs

STEP = st.tuples(st.integers(0, 15), st.integers(0, 12), st.integers(0, 12))


OPERATIONS: list[Callable[[Any, Any, int], Any]] = [
    lambda a, b, n: a @ b,
    lambda a, b, n: a @ b.T,
    lambda a, b, n: b.T @ a,
    lambda a, b, n: a + b,
    lambda a, b, n: b + a,
    lambda a, b, n: a - b,
    lambda a, b, n: a * b,
    lambda a, b, n: tanh(a),
    lambda a, b, n: -a,
    lambda a, b, n: a.T,
    lambda a, b, n: concatenate(a, b, axis=0)[n : n + 3],
    lambda a, b, n: concatenate(a, b, axis=1)[:, n : n + 3],
    lambda a, b, n: a * zeros(a.type) + 1.0 * b,
    lambda a, b, n: a.sum(0) + b,
    lambda a, b, n: maximum(a, b).reshape(9).reshape(3, 3),
    lambda a, b, n: unslice(a[1:], window=((1, 3, 1), (0, 3, 1)), shape=(3, 3)),
]


def random_program(plan: list[tuple[int, int, int]], ending: int) -> Program:
    def function(*inputs: Any) -> Any:
        values = list(inputs)
        for choice, first, second in plan:
            a, b = values[-1 - first % len(values)], values[-1 - second % len(values)]
            values.append(OPERATIONS[choice](a, b, first % 4))
        return [tanh(value) for value in values[-1 - ending % len(values) :]]

    return trace(function, *[SQUARE] * 3)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(STEP, min_size=1, max_size=25), st.integers(0, 5))
def test_random_programs_mean_the_same(plan: list[tuple[int, int, int]], ending: int) -> None:
    program = random_program(plan, ending)
    arrays = [0.3 * array for array in arrays_for(program)]
    for rewrite in (simplify, merge, through_all):
        assert_same_meaning(program, rewrite, arrays, tolerance=1e-9)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(STEP, min_size=1, max_size=15), st.booleans())
def test_random_bodies_mean_the_same(plan: list[tuple[int, int, int]], reverse: bool) -> None:
    inner = random_program(plan, 1)

    def function(a: Any, b: Any, w: Any, xs: Any) -> Any:
        def step(carry: Any, slices: Any) -> Any:
            results = inline(inner, [carry[0], slices[0], w])
            return [results[-1] * 0.5, carry[1] + results[0]], results

        finals, results = scan(step, [a, b], [xs], length=5, reverse=reverse)
        return [*finals, results[-1]]

    program = trace(function, SQUARE, SQUARE, SQUARE, LONG)
    arrays = [0.3 * array for array in arrays_for(program)]
    for rewrite in (simplify, merge, through_all):
        assert_same_meaning(program, rewrite, arrays, tolerance=1e-9)


def chain(length: int) -> Program:
    def function(x: Any, w: Any) -> Any:
        for _ in range(length // 4):
            x = tanh(x @ w + x) * 0.5
        return x

    return trace(function, type_of(np.ones((2, 3))), SQUARE)


@pytest.mark.parametrize("rewrite", [item[1] for item in PASSES], ids=[item[0] for item in PASSES])
def test_time_is_linear_in_the_program(rewrite: Callable[[Program], Program]) -> None:
    def seconds(program: Program) -> float:
        found = []
        for _ in range(3):
            gc.collect()
            start = time.process_time()
            rewrite(program)
            found.append(time.process_time() - start)
        return min(found)

    assert seconds(chain(8000)) < 40 * seconds(chain(800))  # ten times as long, with room for noise
