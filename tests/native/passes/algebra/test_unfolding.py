"""Products of folded rows in steps keep the axes of their operand."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnet.ir import Program, scan, trace
from graphnet.ir.core.types import ArrayType
from graphnet.native.passes import unfold
from tests.array_programs.checks import arrays_for, assert_same_meaning, equations_of


def array(*shape: int) -> ArrayType:
    return ArrayType(shape, np.dtype(float))


def scanned(step: Any, *types: ArrayType) -> Program:
    """A program whose scan runs a step on a carried value and constants."""

    def function(h: Any, *constants: Any) -> Any:
        def taken(carry: Any, _: Any) -> Any:
            return [step(carry[0], *constants)], []

        return scan(taken, [h], [], length=3)[0]

    return trace(function, *types)


def names(program: Program) -> list[str]:
    return [equation.primitive.name for equation in equations_of(program)]


def test_a_product_keeps_the_axes_of_its_operand() -> None:
    def step(h: Any, w: Any) -> Any:
        return (h.reshape(10, 4) @ w).reshape(2, 5, 4)

    program = scanned(step, array(2, 5, 4), array(4, 4))
    found = assert_same_meaning(program, unfold, arrays_for(program))
    assert names(found).count("reshape") == 0


def test_columns_of_one_number_become_a_pointwise_product() -> None:
    def step(h: Any, w: Any) -> Any:
        return (h.reshape(10, 1) @ w).reshape(2, 5, 4).sum(2)

    program = scanned(step, array(2, 5), array(1, 4))
    found = assert_same_meaning(program, unfold, arrays_for(program))
    assert "matmul" not in names(found)


def test_an_outer_product_becomes_a_pointwise_one() -> None:
    def step(h: Any, w: Any) -> Any:
        return (h.reshape(2, 4, 1) @ w).sum(2)

    program = scanned(step, array(2, 4), array(2, 1, 3))
    found = assert_same_meaning(program, unfold, arrays_for(program))
    assert "matmul" not in names(found)


def test_what_folds_the_batch_otherwise_stays() -> None:
    def step(h: Any, w: Any) -> Any:
        return (h.reshape(10, 4) @ w).reshape(5, 2, 4).transpose(1, 0, 2)

    program = scanned(step, array(2, 5, 4), array(4, 4))
    assert names(unfold(program)) == names(program)
