"""Parts of arrays: axes that lie one within the other, and the pieces of a joined matrix."""

from __future__ import annotations

from collections.abc import Sequence

from graphnet.ir.core.types import ArrayType
from graphnet.native.analysis.strided_view import StridedView, collapsed


def axes_together(
    source: StridedView, axes: Sequence[int], target: StridedView | None = None
) -> tuple[list[int], list[int], list[int]]:
    """Sizes and strides along some axes of a source, and of a target that has just these axes."""
    type = ArrayType(tuple(source.type.shape[axis] for axis in axes), source.type.dtype)
    part = StridedView(None, 0, tuple(source.strides[axis] for axis in axes), type)
    other = part if target is None else StridedView.of(None, type)
    sizes, (strides, into) = collapsed(type.shape, [part, other])
    if sizes == (1,):
        return [], [], []
    return list(sizes), list(strides), list(into)


def parts_of(
    matrix: StridedView, whole: StridedView, parts: Sequence[tuple[StridedView, StridedView]]
) -> list[tuple[StridedView, int, int]]:
    """A matrix as parts to be packed one by one, with the row and the column of each: those of the
    joined array ``whole``, or of its transpose, from left to right."""
    if not parts or len(whole.type.shape) != 2:
        return [(matrix, 0, 0)]
    places = [(source, *divmod(part.offset, whole.type.shape[1] or 1)) for source, part in parts]
    if matrix == whole:
        return places
    if matrix != whole.transposed((1, 0), turned(whole.type)):
        return [(matrix, 0, 0)]
    return [
        (source.transposed((1, 0), turned(source.type)), column, row)
        for source, row, column in places
    ]


def turned(type: ArrayType) -> ArrayType:
    return ArrayType(type.shape[::-1], type.dtype)
