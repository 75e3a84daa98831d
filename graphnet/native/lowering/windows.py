"""Windows: their overlap-add, place after place of the window."""

from __future__ import annotations

from graphnet.ir.core.program import Equation, Var, literal
from graphnet.ir.core.types import ArrayType, Shape
from graphnet.ir.primitives import pointwise
from graphnet.ir.primitives.windows import places_of
from graphnet.native.analysis.strided_view import StridedView
from graphnet.native.lowering.lowering import Lowering, Panels


def overlap_add(lowering: Lowering[Panels], equation: Equation) -> None:
    source, target = lowering.at(equation.inputs[0]), lowering.allocate(equation.outputs[0])
    axes, strides, dilations = (equation.settings[k] for k in ("axes", "strides", "dilations"))
    rank = len(target.type.shape)
    counts, sizes = source.type.shape[:rank], source.type.shape[rank:]
    places = places_of(target.type.shape, counts, sizes, axes, strides, dilations)
    type = ArrayType(counts, source.type.dtype)
    parts = []
    for place, bounds in places:
        start = sum(i * s for i, s in zip(place, source.strides[rank:], strict=True))
        offset = source.offset + start
        part = StridedView(source.pointer, offset, source.strides[:rank], type)
        parts.append((part, target.window(bounds, type)))
    if is_tiling(target.type.shape, counts, sizes, axes, strides, dilations):
        for part, window in parts:
            lowering.copy(part, window)
        return
    fill_with_zeros(lowering, target)
    before, added, total = Var(type), Var(type), Var(type)
    adding = Equation(pointwise.add, (before, added), {}, (total,), None)
    for part, window in parts:
        lowering.loop([adding], {before: window, added: part}, {total: window})


def fill_with_zeros(lowering: Lowering[Panels], target: StridedView) -> None:
    zero = lowering.at(literal(0, target.type.dtype)).broadcast(target.type)
    lowering.copy(zero, target)


def is_apart(sizes: Shape, strides: Shape, dilations: Shape) -> bool:
    """Whether windows do not overlap."""
    return all(
        dilation * (size - 1) < stride
        for size, stride, dilation in zip(sizes, strides, dilations, strict=True)
    )


def is_tiling(
    shape: Shape, counts: Shape, sizes: Shape, axes: Shape, strides: Shape, dilations: Shape
) -> bool:
    """Whether each element is in just one window."""
    return all(
        size == stride and (dilation == 1 or size == 1) and counts[axis] * size == shape[axis]
        for axis, size, stride, dilation in zip(axes, sizes, strides, dilations, strict=True)
    )
