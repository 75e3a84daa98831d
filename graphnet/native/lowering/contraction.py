"""Contractions: one product of matrices for each entry of the batch."""

from __future__ import annotations

from itertools import product as pairs_of
from math import prod

from graphnet.ir.core.program import Equation, Var
from graphnet.ir.core.types import ArrayType, Shape
from graphnet.ir.primitives.contraction import Labels, labels_of, sizes_of
from graphnet.ir.primitives.product import matmul
from graphnet.native.analysis.strided_view import StridedView
from graphnet.native.lowering.lowering import Lowering, Panels
from graphnet.native.lowering.products import matrices


def contraction(lowering: Lowering[Panels], equation: Equation) -> None:
    """Operands that are no matrices in memory are copied, the result is put in order at the end."""
    labels = labels_of(equation.settings["subscripts"])
    left, right = (lowering.at(atom) for atom in equation.inputs)
    target = lowering.allocate(equation.outputs[0])
    if not target.type.size:
        return
    sizes = sizes_of(labels, left.type.shape, right.type.shape)
    a = ordered(left, labels.left, labels.batch + labels.rows + labels.summed)
    b = ordered(right, labels.right, labels.batch + labels.summed + labels.columns)
    c = ordered(target, labels.result, labels.batch + labels.rows + labels.columns)
    rows, depth, columns = (
        prod(sizes[letter] for letter in part)
        for part in (labels.rows, labels.summed, labels.columns)
    )
    shapes = (rows, depth), (depth, columns), (rows, columns)
    types = [ArrayType(shape, target.type.dtype) for shape in shapes]
    stand_in = stand_in_of(equation, types)
    for entry in pairs_of(*(range(sizes[letter]) for letter in labels.batch)):
        of_a, of_b, of_c = (part(place, entry) for place in (a, b, c))
        made = of_c.reshaped(types[2]) if of_c.is_contiguous else None
        result = lowering.temporary(types[2]) if made is None else made
        matrix = as_matrix(lowering, of_b, types[1])
        matrices(lowering, stand_in, as_matrix(lowering, of_a, types[0]), matrix, result)
        if made is None:
            whole = result.reshaped(of_c.type)
            assert whole is not None
            lowering.copy(whole, of_c)


def stand_in_of(equation: Equation, types: list[ArrayType]) -> Equation:
    """The product of matrices that computes an entry."""
    a, b, c = map(Var, types)
    return Equation(matmul, (a, b), {}, (c,), equation.origin)


def ordered(place: StridedView, axes: str, wanted: str) -> StridedView:
    order = tuple(axes.index(letter) for letter in wanted)
    shape = tuple(place.type.shape[axis] for axis in order)
    return place.transposed(order, ArrayType(shape, place.type.dtype))


def part(place: StridedView, entry: Shape) -> StridedView:
    """One entry of the first axes."""
    start = sum(i * stride for i, stride in zip(entry, place.strides, strict=False))
    rest = len(entry)
    type = ArrayType(place.type.shape[rest:], place.type.dtype)
    return StridedView(place.pointer, place.offset + start, place.strides[rest:], type)


def as_matrix(lowering: Lowering[Panels], place: StridedView, type: ArrayType) -> StridedView:
    """As a matrix whose rows or columns lie in one piece."""
    made = place.reshaped(type)
    if made is None or 1 not in made.strides or min(made.strides) < 0:
        made = lowering.copied(place).reshaped(type)
        assert made is not None
    return made


def labels_and_sizes(equation: Equation) -> tuple[Labels, dict[str, int]]:
    labels = labels_of(equation.settings["subscripts"])
    return labels, sizes_of(labels, *(atom.type.shape for atom in equation.inputs))
