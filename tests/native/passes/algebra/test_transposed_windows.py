"""Sums of overlapping windows of products, which become products over windows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from graphnet import ops
from graphnet.ir import Program, trace
from graphnet.ir.core.types import ArrayType
from graphnet.native.passes.algebra.transposed_windows import transpose_windows
from tests.array_programs.checks import arrays_for, assert_same_meaning
from tests.array_programs.passes import names

FILTERS, GRADIENT = (ArrayType(shape, np.dtype(float)) for shape in ((5, 4, 2, 3), (2, 5, 6, 7)))
SPREAD = "ockl,noyx->ncyxkl"


def spread(w: Any, g: Any, dilations: Any = 1, subscripts: str = SPREAD) -> Any:
    """The images that windows of products add up to."""
    down, right = (dilations, dilations) if isinstance(dilations, int) else dilations
    shape = (2, 4, 6 + down, 7 + 2 * right)
    return ops.overlap_add(ops.einsum(subscripts, w, g), shape, (2, 3), 1, dilations)


def rewritten(function: Any) -> Program:
    program = trace(function, FILTERS, GRADIENT)
    return assert_same_meaning(program, transpose_windows, arrays_for(program))


@pytest.mark.parametrize("dilations", [1, (3, 2)])
def test_a_sum_of_windows_is_a_product_over_windows(dilations: Any) -> None:
    made = rewritten(lambda w, g: spread(w, g, dilations))
    assert sorted(names(made)) == ["einsum", "flip", "unslice", "windows"]


def test_the_filters_may_be_the_right_operand() -> None:
    made = rewritten(
        lambda w, g: ops.overlap_add(ops.einsum("noyx,ockl->ncyxkl", g, w), (2, 4, 7, 9), (2, 3))
    )
    assert "overlap_add" not in names(made)


def test_a_part_alone_needs_fewer_zeros() -> None:
    made = rewritten(lambda w, g: spread(w, g)[:, :, 1:6, 1:-1])
    (surrounded,) = (e for e in made.equations if e.primitive.name == "unslice")
    assert surrounded.outputs[0].type.shape == (2, 5, 6, 9)
    assert "slice" not in names(made)


@pytest.mark.parametrize(
    "function",
    [
        lambda w, g: spread(w, g)[:, 1:],
        lambda w, g: spread(w, g)[:, :, ::2],
        lambda w, g: spread(w, g)[:, :, 2:],
        lambda w, g: [spread(w, g)[:, :, 1:], g],
    ],
)
def test_other_parts_are_cut_afterwards(function: Any) -> None:
    made = rewritten(function)
    assert "overlap_add" not in names(made)


@pytest.mark.parametrize(
    "function",
    [
        lambda w, g: ops.overlap_add(ops.einsum(SPREAD, w, g), (2, 4, 12, 16), (2, 3), (2, 2)),
        lambda w, g: [ops.einsum(SPREAD, w, g), spread(w, g)],
        lambda w, g: ops.overlap_add(ops.tanh(ops.einsum(SPREAD, w, g)), (2, 4, 7, 9), (2, 3)),
        lambda w, g: ops.overlap_add(
            ops.einsum("ockl,noyx->ncyxkl", w, g).transpose(0, 1, 4, 3, 2, 5), (2, 4, 7, 9), (2, 3)
        ),
        lambda w, g: ops.overlap_add(g, (2, 11, 6), (1,)) + w.sum(),
    ],
)
def test_what_has_another_form_stays(function: Any) -> None:
    program = trace(function, FILTERS, GRADIENT)
    if isinstance(function(*map(np.zeros, (FILTERS.shape, GRADIENT.shape))), list):
        assert transpose_windows(program) is not program  # the product is computed twice here
        return
    assert transpose_windows(program) is program
