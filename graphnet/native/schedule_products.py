"""Products of matrices as calls: the right operand in panels, the left one row by row."""

from __future__ import annotations

from itertools import product as pairs_of
from math import prod

from graphnet.ir.program import Equation
from graphnet.ir.types import ArrayType
from graphnet.native.place import Place
from graphnet.native.schedule import Scheduler


def product(scheduler: Scheduler, equation: Equation) -> None:
    left, right = (scheduler.at(atom) for atom in equation.inputs)
    target = scheduler.room(equation.outputs[0])
    if len(right.type.shape) <= 2:
        matrices(scheduler, left, right, target)
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


def matrices(scheduler: Scheduler, left: Place, right: Place, target: Place) -> None:
    """The product of rows by a matrix."""
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
    arguments = [rows, columns, depth, stride, columns, 0]
    scheduler.call(code, [a, packed, target, None], arguments, 2.0 * rows * columns * depth)


def panels(scheduler: Scheduler, right: Place) -> Place:
    """A matrix in panels, made once for all products that it is the right operand of."""
    if 1 not in right.strides and right.type.size:
        right = scheduler.copied(right)
    key = (right.pointer, right.offset, right.strides, right.type)
    depth, columns = right.type.shape
    if key not in scheduler.packed:
        transposed = right.strides[1] != 1 and columns != 1
        count = scheduler.kernels.tile(right.type.dtype).packed_size(depth, columns)
        place = scheduler.new(right.type, count, "panels")
        code = scheduler.kernels.pack(right.type.dtype, transposed)
        stride = right.strides[1] if transposed else right.strides[0]
        scheduler.call(code, [right, place], [depth, columns, stride, depth], 2.0 * count)
        scheduler.packed[key] = place.pointer
    return Place.of(scheduler.packed[key], right.type)


def matrix(place: Place, entry: tuple[int, ...]) -> Place:
    """One matrix of a batch of them."""
    shape = place.type.shape
    start = sum(i * stride for i, stride in zip(entry, place.strides, strict=False))
    type = ArrayType(shape[-2:], place.type.dtype)
    return Place(place.pointer, place.offset + start, place.strides[-2:], type)
