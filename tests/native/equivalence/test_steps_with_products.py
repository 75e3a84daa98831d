"""What a step of a sequence may hold: batches of products, reductions, look-ups, other sequences.

All of it is machine code, forward and backward: no warning, no piece that runs interpreted, the
interpreter's numbers, and no access to memory that is not its own.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphnet import ops
from graphnet.ir import Program, differentiate, run_program, scan, trace, type_of
from tests.support.numeric import relative_error

pytest.importorskip("llvmlite")

from graphnet.native import compiled, optimised
from graphnet.native.debug.memory_sanitizer import checked_run
from graphnet.native.scheduling.support import reason_not_native

STEPS = 4
TOLERANCE = {"float64": 1e-11, "float32": 1e-4}

Function = Callable[..., Any]
CASES: dict[str, tuple[Function, tuple[tuple[int, ...], ...]]] = {}


def case(*shapes: tuple[int, ...]) -> Callable[[Function], Function]:
    """Enter a function of arrays of these shapes."""

    def enter(function: Function) -> Function:
        CASES[function.__name__] = function, shapes
        return function

    return enter


def stepped(step: Callable[[Any, Any], tuple[Any, Any]], start: Any, xs: Any) -> Any:
    """A sequence with one carried value and one result."""

    def taken(carry: Any, slices: Any) -> Any:
        state, result = step(carry[0], slices[0])
        return [state], [result]

    finals, results = scan(taken, [start], [xs], length=xs.shape[0])
    return [*finals, *results]


def over(h: Any, xs: Any, *, reverse: bool = False) -> tuple[Any, Any]:
    """A short sequence that starts from h: its last value, and all of them."""

    def taken(carry: Any, slices: Any) -> Any:
        state = ops.tanh(carry[0] + slices[0])
        return [state], [state]

    finals, results = scan(taken, [h], [xs], length=xs.shape[0], reverse=reverse)
    return finals[0], results[0]


# ---- outside of sequences


@case((3, 5, 4, 6), (5, 6, 7))
def more_axes_on_the_left(a: Any, b: Any) -> Any:
    return a @ b


@case((6,), (3, 2, 6, 7))
def a_vector_and_a_batch(a: Any, b: Any) -> Any:
    return a @ b


@case((300, 2, 3), (300, 3, 4))
def many_small_products(a: Any, b: Any) -> Any:
    return a @ b


@case((3, 1, 4, 6), (1, 5, 6, 19))
def batches_that_are_repeated(a: Any, b: Any) -> Any:
    return a @ b


@case((3, 40, 1), (3, 1, 21), (3, 21, 1))
def columns_and_rows(a: Any, b: Any, c: Any) -> Any:
    return a @ b @ c


@case((2, 6, 4, 3))
def self_attention(x: Any) -> Any:
    heads = x.transpose(0, 2, 1, 3)
    weights = ops.softmax(heads @ heads.transpose(0, 1, 3, 2))
    return (weights @ heads).transpose(0, 2, 1, 3).reshape(2, 6, 12)


@case((5, 4), (3, 5))
def signs_of_products_of_whole_numbers(a: Any, b: Any) -> Any:
    left, right = (ops.cast(x > 0, np.int64) for x in (a, b))
    return ops.cast(right @ left, a.dtype) * a[:3]


@case((3, 4))
def whether_any_is_positive(x: Any) -> Any:
    return ops.cast((x > 1).max(1, keepdims=True), x.dtype) * x


# ---- in steps


@case((3, 5, 4), (3, 4), (4, 4), (STEPS, 3, 4))
def attention_over_a_memory(memory: Any, h: Any, w: Any, xs: Any) -> Any:
    def step(h: Any, x: Any) -> Any:
        scores = (memory @ (h @ w).reshape(3, 4, 1)).reshape(3, 1, 5)
        context = (ops.softmax(scores) @ memory).reshape(3, 4)
        state = ops.tanh(context + h + x)
        return state, scores

    return stepped(step, h, xs)


@case((3, 5, 4), (3, 4), (4, 4), (4,), (STEPS, 3, 4))
def additive_attention(memory: Any, h: Any, w: Any, v: Any, xs: Any) -> Any:
    def step(h: Any, x: Any) -> Any:
        weights = ops.softmax(ops.tanh(memory + (h @ w).reshape(3, 1, 4)) @ v)
        context = (weights.reshape(3, 5, 1) * memory).sum(1)
        return ops.tanh(context + h + x), weights

    return stepped(step, h, xs)


@case((3, 4, 4), (STEPS, 3, 4))
def a_matrix_as_memory(c: Any, xs: Any) -> Any:
    def step(c: Any, x: Any) -> Any:
        c = c * 0.9 + x.reshape(3, 4, 1) @ x.reshape(3, 1, 4)
        return c, (c @ x.reshape(3, 4, 1)).reshape(3, 4)

    return stepped(step, c, xs)


@case((2, 3, 4, 5), (2, 3, 5, 4), (STEPS, 2, 3, 4, 5))
def products_of_carried_matrices(a: Any, b: Any, xs: Any) -> Any:
    def step(a: Any, x: Any) -> Any:
        product = (a + x) @ b
        return ops.tanh(product @ a), product

    return stepped(step, a, xs)


@case((3, 4), (STEPS, 3, 4))
def normalisation_over_the_batch(h: Any, xs: Any) -> Any:
    def step(h: Any, x: Any) -> Any:
        h = h + x
        apart = h - h.sum(0) / 3
        h = apart / ops.sqrt((apart * apart).sum(0) / 3 + 1e-3)
        return h, h

    return stepped(step, h, xs)


@case((3, 4), (STEPS, 3, 4))
def reductions_over_all_axes(h: Any, xs: Any) -> Any:
    def step(h: Any, x: Any) -> Any:
        h = h + x
        z = ops.softmax(h, axis=0) + ops.softmax(h, axis=1) + h.max() + h.sum()
        z = z + h.max(1, keepdims=True) + ops.logsumexp(h, axis=1)
        return ops.tanh(z), z

    return stepped(step, h, xs)


@case((7, 4), (3, 4), (STEPS, 3, 4))
def rows_that_the_state_chooses(table: Any, h: Any, xs: Any) -> Any:
    def step(h: Any, x: Any) -> Any:
        chosen = ops.cast((h + x).sum(1) > 0, np.int64) * 3
        return ops.tanh(h + ops.take(table, chosen)), h

    return stepped(step, h, xs)


@case((21, 4), (STEPS, 3, 4))
def rows_of_a_carried_table(table: Any, xs: Any) -> Any:
    def step(table: Any, x: Any) -> Any:
        chosen = ops.cast(table[:3].sum(1) > 0, np.int64) * 2
        rows = ops.take(table, chosen) * x
        return table * 0.5 + rows.sum(0), rows

    return stepped(step, table, xs)


@case((3, 4), (STEPS, 3, 4))
def the_largest_entry(h: Any, xs: Any) -> Any:
    def step(h: Any, x: Any) -> Any:
        h = h + x
        hot = h >= h.max(1, keepdims=True)
        place = (ops.cast(hot, np.int64) * np.arange(4)).max(1, keepdims=True)
        any_far = (place > 2).max(0)
        return ops.where(hot, h * 0.5, h), ops.where(any_far, h, -h)

    return stepped(step, h, xs)


# ---- sequences in steps


@case((3, 4), (4, 4), (STEPS, 5, 3, 4))
def a_sequence_at_each_step(h: Any, w: Any, xs: Any) -> Any:
    def step(h: Any, x: Any) -> Any:
        last, values = over(h @ w, x @ w)
        return last + values[2], values.sum(0)

    return stepped(step, h, xs)


@case((3, 4), (4, 4), (STEPS, 3, 5, 4))
def a_sequence_with_the_batch_first(h: Any, w: Any, xs: Any) -> Any:
    def step(h: Any, x: Any) -> Any:
        last, values = over(h @ w, x.transpose(1, 0, 2), reverse=True)
        return last, values.transpose(1, 0, 2)

    return stepped(step, h, xs)


@case((3, 4), (4, 4), (STEPS, 3, 4))
def a_product_in_each_inner_step(h: Any, w: Any, xs: Any) -> Any:
    def step(h: Any, x: Any) -> Any:
        finals, _ = scan(lambda c, _: ([ops.tanh(c[0] @ w + x)], []), [h], [], length=3)
        return finals[0], finals[0] * h

    return stepped(step, h, xs)


@case((3, 4), (STEPS, 5, 3, 4), (STEPS, 3))
def a_sequence_of_some_length_at_each_step(h: Any, xs: Any, lengths: Any) -> Any:
    def taken(carry: Any, slices: Any) -> Any:
        whole = ops.checked_lengths(ops.cast(slices[1] * slices[1] + 1, np.int64), steps=5)
        live = (np.arange(5).reshape(5, 1) < whole).reshape(5, 3, 1)
        last, values = over(carry[0], ops.where(live, slices[0], 0.0))
        return [last], [values]

    finals, results = scan(taken, [h], [xs, lengths], length=STEPS)
    return [*finals, *results]


@case((2, 3), (3, 3), (3, 2, 2, 2, 3))
def three_sequences_deep(h: Any, w: Any, xs: Any) -> Any:
    def outer(h: Any, x: Any) -> Any:
        def middle(h: Any, y: Any) -> Any:
            last, values = over(h @ w, y)
            return last, values

        last, values = stepped(middle, h, x)
        return last, values

    return stepped(outer, h, xs)


@case((1, 5, 1), (1, 1), (2, 1, 1))
def sizes_of_one(memory: Any, h: Any, xs: Any) -> Any:
    def step(h: Any, x: Any) -> Any:
        weights = ops.softmax((memory @ h.reshape(1, 1, 1)).reshape(1, 1, 5))
        return (weights @ memory).reshape(1, 1) + x, h

    return stepped(step, h, xs)


@case((2, 0), (3, 2, 0), (2, 0, 4))
def sizes_of_zero(h: Any, xs: Any, b: Any) -> Any:
    def step(h: Any, x: Any) -> Any:
        return h + x, (h.reshape(2, 1, 0) @ b).reshape(2, 4)

    return stepped(step, h, xs)


# ---- the tests


def programs_of(name: str, dtype: str) -> list[tuple[Program, list[np.ndarray], list[np.ndarray]]]:
    """Forward and backward: each with its inputs, and what the interpreter computes."""
    function, shapes = CASES[name]
    rng = np.random.default_rng(1)
    arrays = [rng.normal(size=shape).astype(dtype) for shape in shapes]
    if "length" in name:
        arrays[-1] = np.tanh(arrays[-1])
    program = trace(function, *map(type_of, arrays))
    derivative = differentiate(program, list(program.inputs))
    values = run_program(derivative.forward, arrays)
    backward = derivative.backward
    given = [np.asarray(value) for value in values[len(program.outputs) :]]
    given += [
        np.asarray(rng.normal(size=var.type.shape), var.type.dtype)
        for var in backward.inputs[len(given) :]
    ]
    found = [(derivative.forward, arrays, values), (backward, given, run_program(backward, given))]
    return [(p, a, [np.asarray(value) for value in v]) for p, a, v in found]


def error_of(received: np.ndarray, expected: np.ndarray) -> float:
    """Truth values and whole numbers must be equal."""
    if expected.dtype.kind == "f":
        return relative_error(received, expected)
    return float((received != expected).any())


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", CASES)
def test_machine_code_runs_all_of_it(name: str, dtype: str) -> None:
    for program, arrays, expected in programs_of(name, dtype):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            made = compiled(program)
        left = [e for e in made.equations if e.primitive.name != "compiled"]
        assert [e for e in left if not e.primitive.is_view] == []
        for received, value in zip(run_program(made, arrays), expected, strict=True):
            assert error_of(np.asarray(received), value) < TOLERANCE[dtype]


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("name", CASES)
def test_memory_is_its_own(name: str, threads: int) -> None:
    for program, arrays, expected in programs_of(name, "float64"):
        small = optimised(program)
        assert not any(map(reason_not_native, small.equations))
        for received, value in zip(
            checked_run(small, arrays, threads=threads), expected, strict=True
        ):
            assert error_of(received, value) < TOLERANCE["float64"]


@pytest.mark.parametrize("dtype", ["int64", "int32", "int16", "bool"])
@pytest.mark.parametrize("columns", [3, 5, 7, 8, 17])
def test_largest_and_total_of_whole_numbers_in_a_step(columns: int, dtype: str) -> None:
    def function(start: Any, table: Any) -> Any:
        def step(carry: Any, _: Any) -> Any:
            whole = table * carry[0] if table.dtype.kind == "i" else table == carry[0]
            return [carry[0]], [whole.max(1), whole.sum(1)]

        return scan(step, [start], [], length=2)[1]

    table = np.random.default_rng(1).integers(0, 5, (40, columns)).astype(dtype)
    arrays = [np.ones((), dtype), table]
    program = trace(function, *map(type_of, arrays))
    for received, expected in zip(
        run_program(compiled(program), arrays), run_program(program, arrays), strict=True
    ):
        np.testing.assert_array_equal(received, expected)


def test_an_index_out_of_range_in_a_step_is_an_error() -> None:
    def function(table: Any, h: Any) -> Any:
        def step(h: Any, x: Any) -> Any:
            rows = ops.take(table, ops.cast(h * 4, np.int64))
            return h + 0.5, rows

        return stepped(step, h, np.zeros(3))

    arrays = [np.ones((5, 2)), np.zeros(3)]
    program = compiled(trace(function, *map(type_of, arrays)))
    assert run_program(program, arrays)[1].shape == (3, 3, 2)
    with pytest.raises(IndexError, match="received index 6, expected 0 to 4, at time step 1"):
        run_program(program, [arrays[0], np.ones(3)])
