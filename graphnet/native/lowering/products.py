"""Products: the right operand in panels, the left one row by row; batches; matrices by vectors."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from graphnet.ir.core.program import Equation, Var
from graphnet.ir.core.types import ArrayType, Shape
from graphnet.ir.primitives.pointwise import multiply
from graphnet.ir.primitives.reduction import sum as sum_
from graphnet.native.analysis.strided_view import StridedView, collapsed
from graphnet.native.lowering.lowering import Lowering, Panels, Products, VectorForm


def product(lowering: Lowering[Panels], equation: Equation) -> None:
    left, right, *start = (lowering.at(atom) for atom in equation.inputs)
    target = lowering.allocate(equation.outputs[0])
    if in_panels(equation):
        matrices(lowering, equation, left, right, target, *start)
        return
    assert not start, "no pass makes a batch of products begin from an addend"
    batch: Shape = ()
    if len(right.type.shape) > 2:
        rows = left.type.shape[-2:-1] if len(left.type.shape) > 1 else ()
        batch = target.type.shape[: len(target.type.shape) - len(rows) - 1]
        left = spread(left, (*batch, *(rows or (1,)), left.type.shape[-1]))
        right = spread(right, (*batch, *right.type.shape[-2:]))
    else:
        left, right = as_rows(lowering, left), right.as_matrix()
    ends = (left.type.shape[-2], right.type.shape[-1])
    target = reshaped(target, (*batch, *ends))
    if not target.type.size:
        return
    if target.type.is_float:
        products(lowering, equation, left, right, target)
    else:
        whole_numbers(lowering, left, right, target)


def in_panels(equation: Equation) -> bool:
    """Whether the product is one of matrices, by a right operand that is packed."""
    right, *start = equation.inputs[1:]
    if not right.type.is_float:
        return False
    is_vector = right.type.shape[1:] in ((), (1,))
    return len(right.type.shape) <= 2 and (bool(start) or not is_vector)


def products(
    lowering: Lowering[Panels],
    equation: Equation,
    left: StridedView,
    right: StridedView,
    target: StridedView,
) -> None:
    """A batch of products of matrices, or of matrices and vectors."""
    rows, columns = target.type.shape[-2:]
    if columns == 1:
        by_vector(lowering, left, turned(right), turned(target))
    elif rows == 1:
        by_vector(lowering, turned(right), left, target)
    else:
        left, right = aligned(lowering, left), aligned(lowering, right)
        lowering.emit_products(equation, batch_of(left, right, target))


def whole_numbers(
    lowering: Lowering[Panels], left: StridedView, right: StridedView, target: StridedView
) -> None:
    """All terms, and then their sums: rare enough to have no kernel of its own."""
    *batch, rows, columns = target.type.shape
    depth = left.type.shape[-1]
    shape = (*batch, rows, columns, depth)
    ones = with_axis(left, (*batch, rows, 1, depth), -2)
    others = with_axis(turned(right), (*batch, 1, columns, depth), -3)
    terms = lowering.temporary(ArrayType(shape, target.type.dtype))
    a, b, c = (Var(place.type) for place in (ones, others, terms))
    lowering.loop([Equation(multiply, (a, b), {}, (c,), None)], {a: ones, b: others}, {c: terms})
    total = Equation(sum_, (c,), {"axis": -1, "keepdims": False}, (Var(target.type),), None)
    *kept, last = range(len(shape))
    lowering.emit_reduction(total, terms, target, kept, [last])


def with_axis(place: StridedView, shape: Shape, axis: int) -> StridedView:
    """With another axis of size 1."""
    strides = list(place.strides)
    strides.insert(len(strides) + 1 + axis, 0)
    return replace(place, strides=tuple(strides), type=ArrayType(shape, place.type.dtype))


def by_vector(
    lowering: Lowering[Panels], matrix: StridedView, vector: StridedView, target: StridedView
) -> None:
    """A matrix by a row, which gives a row: of each pair of a batch."""
    matrix = aligned(lowering, matrix)
    depth = matrix.type.shape[-1]
    is_dots = in_rows(matrix) and (depth > 1 or not in_columns(matrix))
    if is_dots and not in_rows(vector):
        vector = lowering.copied(vector)
    form = VectorForm.DOTS if is_dots else VectorForm.COLUMNS
    lowering.emit_vectors(form, batch_of(matrix, vector, target))


def batch_of(left: StridedView, right: StridedView, target: StridedView) -> Products:
    """The axes of a batch, as few as may be, and the operands of its first entry."""
    places = [left, right, target]
    shape = target.type.shape[:-2]
    outer = [
        replace(p, strides=p.strides[:-2], type=ArrayType(shape, p.type.dtype)) for p in places
    ]
    sizes, strides = collapsed(shape, outer) if prod(shape) != 1 else ((), [(), (), ()])
    return Products(first_of(left), first_of(right), first_of(target), sizes, tuple(strides))


def first_of(place: StridedView) -> StridedView:
    """The first matrix of a batch of them."""
    type = ArrayType(place.type.shape[-2:], place.type.dtype)
    return replace(place, strides=place.strides[-2:], type=type)


def aligned(lowering: Lowering[Panels], place: StridedView) -> StridedView:
    """Matrices whose rows or columns lie in one piece each."""
    return place if in_rows(place) or in_columns(place) else lowering.copied(place)


def in_rows(place: StridedView) -> bool:
    return place.strides[-1] == 1 or place.type.shape[-1] == 1


def in_columns(place: StridedView) -> bool:
    return place.strides[-2] == 1 or place.type.shape[-2] == 1


def turned(place: StridedView) -> StridedView:
    """Each matrix of a batch transposed."""
    *outer, rows, columns = range(len(place.type.shape))
    axes = (*outer, columns, rows)
    shape = tuple(place.type.shape[axis] for axis in axes)
    return place.transposed(axes, ArrayType(shape, place.type.dtype))


def spread(place: StridedView, shape: Shape) -> StridedView:
    return place.broadcast(ArrayType(shape, place.type.dtype))


def reshaped(place: StridedView, shape: Shape) -> StridedView:
    """What lies in one piece, in another shape."""
    made = place.reshaped(ArrayType(shape, place.type.dtype))
    assert made is not None
    return made


def as_rows(lowering: Lowering[Panels], left: StridedView) -> StridedView:
    shape = (prod(left.type.shape[:-1]), left.type.shape[-1])
    made = left.reshaped(ArrayType(shape, left.type.dtype))
    return made if made is not None else reshaped(lowering.copied(left), shape)


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
