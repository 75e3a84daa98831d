"""Products of matrices as calls: the right operand in panels, the left one row by row."""

from __future__ import annotations

from dataclasses import replace
from itertools import product as pairs_of
from math import prod

from graphnet.ir.core.program import Equation
from graphnet.ir.core.types import ArrayType
from graphnet.native.analysis.strided_view import StridedView
from graphnet.native.scheduling.buffers import Role
from graphnet.native.scheduling.schedule import Scheduler


def product(scheduler: Scheduler, equation: Equation) -> None:
    left, right, *start = (scheduler.at(atom) for atom in equation.inputs)
    target = scheduler.allocate(equation.outputs[0])
    if len(right.type.shape) <= 2:
        matrices(scheduler, left, right, target, *start)
        return
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
        matrices(scheduler, *(matrix(place, entry) for place in (left, right, target)))


def matrices(
    scheduler: Scheduler,
    left: StridedView,
    right: StridedView,
    target: StridedView,
    start: StridedView | None = None,
) -> None:
    """The product of rows by a matrix, added to ``start``."""
    rows, depth = prod(left.type.shape[:-1]), left.type.shape[-1]
    right = right.as_matrix()
    columns = right.type.shape[1]
    if not rows or not columns:
        return
    a = left.reshaped(ArrayType((rows, depth), left.type.dtype))
    if a is None or (a.strides[1] != 1 and a.strides[0] != 1):
        a = scheduler.copied(left).reshaped(ArrayType((rows, depth), left.type.dtype))
        assert a is not None
    transposed = a.strides[1] != 1 and depth != 1
    stride = a.strides[1] if transposed else a.strides[0]
    packed = panels(scheduler, right)
    code = scheduler.kernels.product(left.type.dtype, transposed)
    begins = None if start is None else beginning(scheduler, start, target)
    arguments = [rows, columns, depth, stride, columns, begins.strides[0] if begins else 0]
    scheduler.call(code, [a, packed, target, begins], arguments, 2.0 * rows * columns * depth)


def beginning(scheduler: Scheduler, start: StridedView, target: StridedView) -> StridedView:
    """The addend of a product, as rows."""
    start = start.broadcast(target.type)
    rows = start.as_rows()
    if rows is None:
        scheduler.copy(start, target)  # a product may begin from what it overwrites
        rows = target.as_rows()
    assert rows is not None
    return rows


def panels(scheduler: Scheduler, right: StridedView) -> StridedView:
    """A matrix in panels, made once for all products that it is the right operand of."""
    key = (right.pointer, right.offset, right.strides, right.type)
    depth, columns = right.type.shape
    if key not in scheduler.packed:
        tile = scheduler.kernels.tile(right.type.dtype)
        place = scheduler.new(right.type, tile.packed_size(depth, columns), Role.PANELS)
        for part, row, column in parts_in(scheduler, right):
            lead = column % tile.panel
            begin = replace(place, offset=(column - lead) * depth + row * tile.panel)
            pack(scheduler, part, begin, depth, lead)
        scheduler.packed[key] = place.pointer
    return StridedView.of(scheduler.packed[key], right.type)


def pack(
    scheduler: Scheduler, part: StridedView, target: StridedView, pitch: int, lead: int
) -> None:
    """Pack a matrix, or a part of one (see ``emit_pack``)."""
    if 1 not in part.strides and part.type.size:
        part = scheduler.copied(part)
    depth, columns = part.type.shape
    transposed = part.strides[1] != 1 and columns != 1
    code = scheduler.kernels.pack(part.type.dtype, transposed)
    stride = part.strides[1] if transposed else part.strides[0]
    arguments = [depth, columns, stride, pitch, lead]
    scheduler.call(code, [part, target], arguments, 2.0 * part.type.size)


def parts_in(scheduler: Scheduler, right: StridedView) -> list[tuple[StridedView, int, int]]:
    """The matrix as parts to be packed one by one, with the row and the column of each.

    Those of a joined array, or of its transpose, from left to right.
    """
    whole, parts = scheduler.concatenated.get(right.pointer, (right, []))
    if not parts or len(whole.type.shape) != 2:
        return [(right, 0, 0)]
    places = [(source, *divmod(part.offset, whole.type.shape[1] or 1)) for source, part in parts]
    if right == whole:
        return places
    if right != whole.transposed((1, 0), turned(whole.type)):
        return [(right, 0, 0)]
    return [
        (source.transposed((1, 0), turned(source.type)), column, row)
        for source, row, column in places
    ]


def turned(type: ArrayType) -> ArrayType:
    return ArrayType(type.shape[::-1], type.dtype)


def matrix(place: StridedView, entry: tuple[int, ...]) -> StridedView:
    """One matrix of a batch of them."""
    shape = place.type.shape
    start = sum(i * stride for i, stride in zip(entry, place.strides, strict=False))
    type = ArrayType(shape[-2:], place.type.dtype)
    return StridedView(place.pointer, place.offset + start, place.strides[-2:], type)
