"""Both passes over scans: nested ones, every cell, origins, long bodies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphnet import nn
from graphnet.graph.inspection.executed import executed
from graphnet.graph.tracing.traced import trace_module
from graphnet.graph.values.selection import Selection
from graphnet.ir import ArrayType, Program, run_program, scan, trace, type_of
from graphnet.ir.primitives.pointwise import tanh
from graphnet.native.passes.loops.hoist import hoist
from graphnet.native.passes.loops.sink import sink
from tests.array_programs.scans import (
    body,
    carried,
    names,
    normal,
    products,
    rewritten,
    same,
    scans,
    stacked,
)
from tests.support.cells import OF_EACH_KIND
from tests.support.recurrent_loops import BATCH, HIDDEN, INPUTS, LENGTHS, STEPS


def both(program: Program) -> Program:
    return sink(hoist(program))


def carried_arrays(program: Program) -> list[ArrayType]:
    """The types of carried values but for rows, which are sums of what need not be stacked."""
    return [
        var.type
        for equation in scans(program)
        for var in equation.outputs[: equation.settings["carried"]]
        if len(var.type.shape) > 1
    ]


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


WANTED = {
    "plain": Selection(keep=False),
    "traced": Selection(keep=True, trace=True, weights=True),
}


def cell_programs(
    name: str,
    lengths: bool,
    wanted: Selection,
    shape: tuple[int, int] = (STEPS, BATCH),
    **options: Any,
) -> tuple[list[Program], list[list[np.ndarray]]]:
    """The program of a layer, its forward and its backward program, with arrays for each."""
    rng = np.random.default_rng(5)
    net = nn.Recurrent(nn.CELLS[name](INPUTS, HIDDEN), **options)
    states = len(net.optional_inputs()) - 1
    first = np.zeros((2, 2, INPUTS))
    given: Any = (first, *[None] * states, np.array([2, 1])) if lengths else first
    structure = executed(net.run(given, keep=False)).traced.input_structure
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
@pytest.mark.parametrize("name", OF_EACH_KIND)
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
            counted = name == "clockwork_rnn_cell"  # nothing flows back through a step number
            states = len(nn.CELLS[name](INPUTS, HIDDEN).inputs) - 1
            assert states - counted <= len(carried_arrays(after)) <= states


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
