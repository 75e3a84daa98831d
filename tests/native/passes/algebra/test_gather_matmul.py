"""The pass for products of looked-up rows: a small table is multiplied, not every row of a text."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from graphnet import nn
from graphnet.graph.inspection.executed import traces_of
from graphnet.graph.running.step_program import step_program
from graphnet.graph.training_step import TrainingStep
from graphnet.ir import Program, differentiate, trace
from graphnet.ir.core.types import ArrayType
from graphnet.ir.primitives.indexing import take
from graphnet.native.passes import PASSES
from graphnet.native.passes.algebra.gather_matmul import SMALL, look_up_products
from tests.array_programs.checks import arrays_for, assert_same_meaning, count

FLOAT, INT = np.dtype(np.float64), np.dtype(np.int64)


def program_of(function: Any, rows: int = 6, shape: tuple[int, ...] = (7, 3)) -> Program:
    types = [ArrayType((rows, 4), FLOAT), ArrayType(shape, INT), ArrayType((4, 5), FLOAT)]
    return trace(function, *types)


def product(table: Any, indices: Any, matrix: Any) -> Any:
    return take(table, indices).reshape((-1, 4)) @ matrix


def sizes(program: Program) -> list[int]:
    """The rows of what products multiply, or the depth of those that sum over rows."""
    return sorted(
        max(e.inputs[0].type.shape) for e in program.equations if e.primitive.name == "matmul"
    )


def test_the_table_is_multiplied() -> None:
    program = program_of(product)
    changed = assert_same_meaning(program, look_up_products, arrays_for(program))
    assert sizes(changed) == [6]
    assert count(changed, "take") == 1


def test_gradients_meet_in_the_rows_of_the_table() -> None:
    """By the table and by the matrix: one sum of what meets each row, two small products."""
    program = program_of(lambda e, i, w: (product(e, i, w) * product(e, i, w)).sum())
    derivative = differentiate(program, [program.inputs[0], program.inputs[2]])
    joined = derivative.joined([trace(lambda: np.float64(1)).outputs[0]])
    arrays = arrays_for(joined)
    arrays[1] = arrays[1] % 6
    changed = joined
    for _, rewrite in PASSES:
        changed = assert_same_meaning(changed, rewrite, arrays)
    assert sizes(joined)[-1] == 21
    assert max(sizes(changed)) <= 6
    assert count(changed, "scatter_add") == 2, "of gradients, and of ones"


KEPT = {
    "a large table": (product, SMALL + 1),
    "work on the rows": (lambda e, i, w: (take(e, i) * 2.0).reshape((-1, 4)) @ w, 6),
    "other columns": (lambda e, i, w: take(e, i).reshape((-1, 2)) @ w[:2], 6),
}


@pytest.mark.parametrize("name", KEPT)
def test_what_stays(name: str) -> None:
    function, rows = KEPT[name]
    program = program_of(function, rows)
    assert look_up_products(program) is program


def test_rows_that_are_read_elsewhere_are_looked_up_still() -> None:
    program = program_of(lambda e, i, w: [product(e, i, w), take(e, i)])
    changed = assert_same_meaning(program, look_up_products, arrays_for(program))
    assert sizes(changed) == [6]
    assert count(changed, "take") == 2


def test_a_gradient_that_is_read_elsewhere_is_computed_still() -> None:
    """The product that is scattered is an output too: it is needed in full."""
    program = program_of(lambda e, i, w: product(e, i, w).sum())
    derivative = differentiate(program, [program.inputs[0]])
    backward = derivative.backward
    (scatter,) = [e for e in backward.equations if e.primitive.name == "scatter_add"]
    kept = Program(backward.inputs, backward.equations, (*backward.outputs, scatter.inputs[0]))
    before = sizes(kept)
    assert sizes(look_up_products(kept)) == before


def test_a_character_model_trains_without_large_products_of_embeddings() -> None:
    x = np.zeros((20, 5), int)
    net = nn.Sequential(nn.LookupTable(9, 6), nn.Recurrent(nn.lstm_cell(6, 7)), nn.SelectTable(0))
    step = TrainingStep(net, nn.MSECriterion())
    step(x, np.zeros((20, 5, 7)))
    (traced,) = traces_of(step)
    program = step_program(traced, 1.0, False).program
    for _, rewrite in PASSES:
        program = rewrite(program)
    program.check()
    large = [e for e in program.equations if 100 in e.inputs[0].type.shape[:2]]
    products = [e for e in large if e.primitive.name.startswith("matmul")]
    assert len(products) == 1, "the weights of h alone"


def test_rows_that_nobody_looks_up_meet_nothing() -> None:
    """Infinity in another row of the table is no part of a gradient."""
    net = nn.Sequential(nn.LookupTable(9, 4), nn.Linear(4, 3))
    net.parameters()[0].data[8] = np.inf
    net.zero_grad()
    TrainingStep(net, nn.MSECriterion())(np.array([1, 2, 3]), np.zeros((3, 3)))
    assert all(np.isfinite(parameter.grad).all() for parameter in net.parameters())
