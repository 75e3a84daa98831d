"""Products of matrices: the right operand in panels, the left one row by row."""

from __future__ import annotations

from itertools import product as pairs_of
from math import prod

from graphnet.ir.core.program import Equation
from graphnet.ir.core.types import ArrayType
from graphnet.native.analysis.strided_view import StridedView
from graphnet.native.lowering.lowering import Lowering, Panels


def product(lowering: Lowering[Panels], equation: Equation) -> None:
    left, right, *start = (lowering.at(atom) for atom in equation.inputs)
    target = lowering.allocate(equation.outputs[0])
    if len(right.type.shape) <= 2:
        matrices(lowering, equation, left, right, target, *start)
        return
    assert not start, "no pass makes a batch of products begin from an addend"
    if len(left.type.shape) == 1:
        left = left.broadcast(ArrayType((1, *left.type.shape), left.type.dtype))
        shape = target.type.shape
        whole = ArrayType((*shape[:-1], 1, shape[-1]), target.type.dtype)
        made = target.reshaped(whole)
        assert made is not None
        target = made
    batch = target.type.shape[:-2]
    left = left.broadcast(ArrayType((*batch, *left.type.shape[-2:]), left.type.dtype))
    right = right.broadcast(ArrayType((*batch, *right.type.shape[-2:]), right.type.dtype))
    for entry in pairs_of(*map(range, batch)):
        matrices(lowering, equation, *(matrix(place, entry) for place in (left, right, target)))


def matrices(
    lowering: Lowering[Panels],
    equation: Equation,
    left: StridedView,
    right: StridedView,
    target: StridedView,
    start: StridedView | None = None,
) -> None:
    """The product of rows by a matrix, added to ``start``."""
    rows, depth = prod(left.type.shape[:-1]), left.type.shape[-1]
    right = right.as_matrix()
    if not rows or not right.type.shape[1]:
        return
    type = ArrayType((rows, depth), left.type.dtype)
    a = left.reshaped(type)
    if a is None or 1 not in a.strides:
        a = lowering.copied(left).reshaped(type)
        assert a is not None
    panels = lowering.panels(right, equation.inputs[1])
    begin = None if start is None else starting_rows(lowering, start, target)
    lowering.emit_product(equation, a, panels, target, begin)


def starting_rows(
    lowering: Lowering[Panels], start: StridedView, target: StridedView
) -> StridedView:
    """The addend of a product, as rows."""
    start = start.broadcast(target.type)
    rows = start.as_rows()
    if rows is None:
        lowering.copy(start, target)  # a product may begin from what it overwrites
        rows = target.as_rows()
    assert rows is not None
    return rows


def is_transposed(left: StridedView) -> bool:
    """Whether the columns of a left operand lie in one piece, and not its rows."""
    return left.strides[1] != 1 and left.type.shape[1] != 1


def matrix(place: StridedView, entry: tuple[int, ...]) -> StridedView:
    """One matrix of a batch of them."""
    shape = place.type.shape
    start = sum(i * stride for i, stride in zip(entry, place.strides, strict=False))
    type = ArrayType(shape[-2:], place.type.dtype)
    return StridedView(place.pointer, place.offset + start, place.strides[-2:], type)
