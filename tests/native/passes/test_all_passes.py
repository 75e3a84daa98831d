"""All passes together: every cell and random programs mean the same, little remains, in linear time."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphnet.ir import (
    Program,
    differentiate,
    scan,
    trace,
    type_of,
)
from graphnet.ir.core.trace import inline
from graphnet.ir.primitives.indexing import unslice
from graphnet.ir.primitives.pointwise import maximum, tanh
from graphnet.ir.primitives.shaping import concatenate, zeros
from graphnet.native.passes import PASSES
from graphnet.native.passes.algebra.gemm_merging import merge
from graphnet.native.passes.simplification.simplify import simplify
from tests.array_programs.checks import (
    arrays_for,
    assert_same_meaning,
    body_of,
    count,
    equations_of,
    recurrent_programs,
)
from tests.array_programs.passes import (
    LONG,
    SQUARE,
    made_by,
    names,
    products_of,
    through_all,
    whole,
)
from tests.support.cells import OF_EACH_KIND


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


VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "lengths": {"lengths": True},
    "reverse": {"reverse": True},
    "lengths, reverse": {"lengths": True, "reverse": True},
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", OF_EACH_KIND)
def test_cells_mean_the_same(name: str, variant: str) -> None:
    for program in recurrent_programs(name, **VARIANTS[variant]):
        arrays = arrays_for(program)
        changed = assert_same_meaning(program, simplify, arrays, tolerance=0)
        assert len(equations_of(changed)) <= len(equations_of(program))
        assert_same_meaning(changed, merge, arrays)
        assert_same_meaning(program, through_all, arrays)


def test_origins_are_kept() -> None:
    forward = merge(simplify(recurrent_programs("lstm_cell")[1]))
    paths = {e.origin.path for e in body_of(forward).equations if e.origin}
    gates = ("forget_gate", "input_gate", "candidate", "output_gate")
    assert {f"{gate}.{part}" for gate in gates for part in ("i2h", "h2h")} <= paths


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
