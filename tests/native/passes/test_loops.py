"""Passes over scans: hoisting and sinking keep what a program means, and take out what they should."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphnet import nn
from graphnet.graph.tracing.traced import trace_module
from graphnet.graph.values.selection import Wanted
from graphnet.ir import ArrayType, Program, run_program, scan, trace, type_of
from graphnet.ir.core.program import Equation
from graphnet.ir.primitives.indexing import scatter_add, take, unslice
from graphnet.ir.primitives.opaque import call
from graphnet.ir.primitives.pointwise import cast, identity, sigmoid, tanh, where
from graphnet.ir.primitives.reduction import max as max_
from graphnet.ir.primitives.scan import scan_primitive
from graphnet.ir.primitives.shaping import broadcast, concatenate
from graphnet.native.passes.loops.hoist import hoist
from graphnet.native.passes.loops.sink import sink
from tests.support.numeric import relative_error
from tests.support.recurrent_loops import BATCH, HIDDEN, INPUTS, LENGTHS, STEPS

SIZE = 3


def both(program: Program) -> Program:
    return sink(hoist(program))


def scans(program: Program) -> list[Equation]:
    return [equation for equation in program.equations if equation.primitive.name == "scan"]


def body(program: Program) -> Program:
    """The body of the only scan."""
    (equation,) = scans(program)
    result: Program = equation.settings["body"]
    return result


def names(program: Program) -> list[str]:
    return [equation.primitive.name for equation in program.equations]


def products(program: Program) -> int:
    return names(program).count("matmul")


def carried(program: Program) -> int:
    return sum(equation.settings["carried"] for equation in scans(program))


def carried_arrays(program: Program) -> list[ArrayType]:
    """The types of carried values but for rows, which are sums of what need not be stacked."""
    return [
        var.type
        for equation in scans(program)
        for var in equation.outputs[: equation.settings["carried"]]
        if len(var.type.shape) > 1
    ]


def stacked(program: Program) -> int:
    return sum(len(equation.outputs) for equation in scans(program)) - carried(program)


def same(before: Program, after: Program, arrays: list[np.ndarray]) -> None:
    """Equal inputs, types and values; the largest difference is rounding."""
    after.check()
    assert after.inputs == before.inputs
    assert [a.type for a in after.outputs] == [a.type for a in before.outputs]
    for expected, found in zip(
        run_program(before, arrays), run_program(after, arrays), strict=True
    ):
        if expected.dtype.kind == "f":
            assert relative_error(found, expected) < 1e-12
        else:
            np.testing.assert_array_equal(found, expected)


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape) + len(shape)).normal(size=shape)


def scanned(step: Any, carry: list[int], **options: Any) -> Callable[..., list[Any]]:
    """A function of carried values and then sequences that scans with ``step``."""

    def function(*values: Any) -> list[Any]:
        count = len(carry)
        length = values[count].shape[0]
        finals, results = scan(step, values[:count], values[count:], length=length, **options)
        return [*finals, *results]

    return function


def rewritten(
    change: Callable[[Program], Program], function: Any, *arrays: np.ndarray
) -> tuple[Program, Program]:
    """The program of a function before and after a pass; they mean the same."""
    before = trace(function, *map(type_of, arrays))
    after = change(before)
    same(before, after, list(arrays))
    assert change(after) is after, "a second time nothing is left to do"
    return before, after


# ---- each rule of lifting: a result that no carried value takes part in leaves the scan


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


# ---- hoisting: what pays


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


# ---- sinking: running sums


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


# ---- sinking: late products


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


# ---- scans inside of scans


@pytest.mark.parametrize("reverse", [False, True])
def test_a_scan_inside_a_scan(reverse: bool) -> None:
    """The product leaves both: it is one over all steps of both."""

    def function(w: Any, total: Any, h: Any, xs: Any) -> Any:
        def inner(carry: Any, slices: Any) -> Any:
            new = tanh(carry[1] + slices[0] @ w)
            return [carry[0] + slices[0].T @ new, new], [new]

        def outer(carry: Any, slices: Any) -> Any:
            finals, results = scan(inner, carry, [slices[0]], length=3, reverse=reverse)
            return finals, results

        finals, results = scan(outer, [total, h], [xs], length=4)
        return [*finals, *results]

    arrays = [normal(5, 5), normal(5, 5), normal(2, 5), normal(4, 3, 2, 5)]
    before = trace(function, *map(type_of, arrays))
    hoisted = hoist(before)
    same(before, hoisted, arrays)
    assert products(body(body(hoisted))) == 1
    assert products(body(hoisted)) == 0
    after = sink(hoisted)
    same(before, after, arrays)
    assert carried(after) == 1
    assert products(after) == 2
    assert names(body(body(after))) == ["add", "tanh"]


def test_only_the_inner_scan_changes() -> None:
    def function(w: Any, h: Any, xs: Any) -> Any:
        def inner(carry: Any, slices: Any) -> Any:
            return [carry[0] * (slices[0] @ w)], []

        def outer(carry: Any, slices: Any) -> Any:
            (last,), _ = scan(inner, carry, [slices[0] * carry[0]], length=3)
            return [last], []

        return scan(outer, [h], [xs], length=4)[0]

    _, after = rewritten(hoist, function, normal(5, 5), normal(2, 5), normal(4, 3, 2, 5))
    assert names(body(after)) == ["multiply", "reshape", "matmul", "reshape", "scan"]
    assert names(body(body(after))) == ["multiply"]


# ---- cells


WANTED = {
    "plain": Wanted(keep=False),
    "traced": Wanted(keep=True, trace=True, weights=True),
}


def cell_programs(
    name: str,
    lengths: bool,
    wanted: Wanted,
    shape: tuple[int, int] = (STEPS, BATCH),
    **options: Any,
) -> tuple[list[Program], list[list[np.ndarray]]]:
    """The program of a layer, its forward and its backward program, with arrays for each."""
    rng = np.random.default_rng(5)
    net = nn.Recurrent(nn.CELLS[name](INPUTS, HIDDEN), **options)
    states = len(net.optional_inputs()) - 1
    first = np.zeros((2, 2, INPUTS))
    given: Any = (first, *[None] * states, np.array([2, 1])) if lengths else first
    structure = net.run(given, keep=False)._traced.input_structure
    leaves = [rng.normal(size=(*shape, INPUTS)), *([np.array(LENGTHS)] if lengths else [])]
    traced = trace_module(net, structure, leaves, wanted)
    derivative = traced.differentiated()
    arrays = [
        *leaves,
        *(rng.normal(size=var.type.shape) for var in traced.program.inputs[len(leaves) :]),
    ]
    found = run_program(derivative.forward, arrays)[len(traced.program.outputs) :]
    seeds = derivative.backward.inputs[len(found) :]
    backward = [*found, *(rng.normal(size=var.type.shape) for var in seeds)]
    return [traced.program, derivative.forward, derivative.backward], [arrays, arrays, backward]


@pytest.mark.parametrize("options", [{}, {"reverse": True, "truncate": 2}], ids=["plain", "cut"])
@pytest.mark.parametrize("lengths", [False, True], ids=["whole", "lengths"])
@pytest.mark.parametrize("wanted", WANTED)
@pytest.mark.parametrize("name", nn.CELLS)
def test_cells(name: str, wanted: str, lengths: bool, options: dict[str, Any]) -> None:
    programs, arrays = cell_programs(name, lengths, WANTED[wanted], **options)
    for before, values in zip(programs, arrays, strict=True):
        hoisted = hoist(before)
        same(before, hoisted, values)
        same(before, sink(before), values)
        after = sink(hoisted)
        same(before, after, values)
        if wanted == "plain":  # traced weights differ by step, so that no product is by a constant
            assert products(body(after)) <= (products(body(before)) + 1) // 2
            assert len(carried_arrays(after)) == len(nn.CELLS[name](INPUTS, HIDDEN).inputs) - 1


@pytest.mark.parametrize("shape", [(1, 2), (3, 0), (1, 0), (6, 1)])
@pytest.mark.parametrize("name", ["lstm_cell", "gru_cell", "lstm_cell_layernorm"])
def test_cells_of_few_steps_and_rows(name: str, shape: tuple[int, int]) -> None:
    programs, arrays = cell_programs(name, False, WANTED["plain"], shape)
    for before, values in zip(programs, arrays, strict=True):
        same(before, both(before), values)


def test_what_is_left_of_an_lstm() -> None:
    """Forward, the four products by U of eight. Backward, these four of sixteen, and of eighteen
    carried values the gradients of c and h; the four slopes are stacked, and dx is no result."""
    (_, forward, backward), _ = cell_programs("lstm_cell", False, WANTED["plain"])
    assert (products(body(forward)), products(body(hoist(forward)))) == (8, 4)
    after = both(backward)
    assert (products(body(backward)), products(body(after))) == (16, 4)
    assert (carried(backward), carried(after)) == (18, 2)
    assert (stacked(backward), stacked(after)) == (1, 4)


def test_passes_keep_origins() -> None:
    (_, forward, backward), _ = cell_programs("lstm_cell", False, WANTED["plain"])
    for program in (forward, backward):
        large = [e for e in both(program).equations if e.primitive.name == "matmul"]
        assert {e.origin.path for e in large if e.origin} >= {"forget_gate.i2h", "candidate.i2h"}
        assert all(e.origin for e in large)


@pytest.mark.parametrize("name", ["lstm_cell", "gru_cell"])
def test_programs_do_not_grow_with_the_steps(name: str) -> None:
    sizes = []
    for steps in (5, 500):
        programs, _ = cell_programs(name, False, WANTED["plain"], (steps, 1))
        sizes.append([len(both(p).equations) + len(body(both(p)).equations) for p in programs])
    assert sizes[0] == sizes[1]


@pytest.mark.parametrize("change", [hoist, sink])
def test_long_bodies(change: Callable[[Program], Program]) -> None:
    """Neither the length of a chain nor the number of terms of a sum is a depth of calls."""

    def function(w: Any, total: Any, h: Any, xs: Any) -> Any:
        def step(carry: Any, slices: Any) -> Any:
            free, late, added = slices[0], carry[1] @ w, carry[1].sum(0)
            for _ in range(1500):
                free, late, added = tanh(free), tanh(late), added + carry[1].sum(0)
            return [carry[0] + added, carry[1] * (free @ w)], [late]

        finals, results = scan(step, [total, h], [xs], length=2)
        return [*finals, *results]

    _, after = rewritten(change, function, normal(3, 3), normal(3), normal(2, 3), normal(2, 2, 3))
    assert names(body(after)).count("tanh") == 1500


def test_a_program_without_scans_stays() -> None:
    program = trace(lambda x: tanh(x @ x), type_of(normal(2, 2)))
    assert hoist(program) is program
    assert sink(program) is program
