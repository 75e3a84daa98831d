"""Sums over axes, in one order whatever the processor does elsewhere."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

from llvmlite import ir

from graphnet.ir.types import ArrayType
from graphnet.native.elements import constant, declared, mangled, memory_type
from graphnet.native.fused import address, collapsed, masked_load, vector
from graphnet.native.place import Place
from graphnet.native.tile import counted, index


def emit_sum(
    builder: ir.IRBuilder, width: int, source: Place, target: Place, axes: tuple[int, ...]
) -> None:
    """``target += source`` summed over axes; the target holds what the sum starts from.

    The target has the axes of the source, of size 1 where they are summed.
    """
    spread = replace(target.broadcast(source.type), type=source.type)
    shape, (steps, into) = collapsed(source.type.shape, [source, spread])
    if 0 in shape:
        return
    *outer, columns = shape
    lanes = width if steps[-1] == 1 and into[-1] in (0, 1) else 1
    with ExitStack() as stack:
        counters = [stack.enter_context(counted(builder, index(size))) for size in outer]
        row = moved(builder, source, steps[:-1], counters)
        sums = moved(builder, target, into[:-1], counters)
        if into[-1] == 0:
            add_row(builder, lanes, columns, row, sums, source.type, steps[-1])
        else:
            add_columns(builder, lanes, columns, (row, steps[-1]), (sums, into[-1]), source.type)


def moved(
    builder: ir.IRBuilder, place: Place, strides: tuple[int, ...], counters: list[ir.Value]
) -> ir.Value:
    pointer = address(builder, place.pointer, place.type, index(place.offset))
    for counter, stride in zip(counters, strides, strict=True):
        if stride:
            pointer = address(builder, pointer, place.type, builder.mul(counter, index(stride)))
    return pointer


def add_columns(
    builder: ir.IRBuilder,
    lanes: int,
    columns: int,
    source: tuple[ir.Value, int],
    target: tuple[ir.Value, int],
    type: ArrayType,
) -> None:
    """Add a row to a row, entry by entry."""
    whole = columns - columns % lanes
    size = type.dtype.itemsize
    for start, stop, width in ((0, whole, lanes), (whole, columns, 1)):
        if start == stop:
            continue
        with counted(builder, index(stop), index(start), width) as column:
            kind = vector(memory_type(type.dtype), width)
            read = address(builder, source[0], type, builder.mul(column, index(source[1])))
            write = address(builder, target[0], type, builder.mul(column, index(target[1])))
            total = builder.fadd(
                builder.load(write, align=size, typ=kind), builder.load(read, align=size, typ=kind)
            )
            builder.store(total, write, align=size)


def add_row(
    builder: ir.IRBuilder,
    lanes: int,
    columns: int,
    row: ir.Value,
    target: ir.Value,
    type: ArrayType,
    stride: int,
) -> None:
    """Add all entries of a row to one number."""
    size, kind = type.dtype.itemsize, vector(memory_type(type.dtype), lanes)
    whole = columns - columns % lanes
    total: ir.Value = constant(kind, -0.0)
    if whole:
        total = accumulated(builder, whole, lanes, row, type, stride, kind)
    if columns % lanes:
        place = address(builder, row, type, index(whole))
        rest = masked_load(builder, place, kind, columns % lanes, size)
        total = builder.fadd(total, rest)
    if lanes > 1:
        name = f"llvm.vector.reduce.fadd.{mangled(kind)}"
        reduce = declared(builder, name, kind.element, [kind.element, kind])
        total = builder.call(reduce, [constant(kind.element, -0.0), total])
    before = builder.load(target, align=size, typ=memory_type(type.dtype))
    builder.store(builder.fadd(before, total), target, align=size)


def accumulated(
    builder: ir.IRBuilder,
    whole: int,
    lanes: int,
    row: ir.Value,
    type: ArrayType,
    stride: int,
    kind: ir.Type,
) -> ir.Value:
    """The sum of vectors of a row, carried in a register."""
    before = builder.block
    body, after = builder.append_basic_block("sum"), builder.append_basic_block("summed")
    builder.branch(body)
    builder.position_at_end(body)
    column = builder.phi(index(0).type)
    total = builder.phi(kind)
    place = address(builder, row, type, builder.mul(column, index(stride)))
    added = builder.fadd(total, builder.load(place, align=type.dtype.itemsize, typ=kind))
    following = builder.add(column, index(lanes))
    column.add_incoming(index(0), before)
    column.add_incoming(following, body)
    total.add_incoming(constant(kind, -0.0), before)
    total.add_incoming(added, body)
    builder.cbranch(builder.icmp_signed("<", following, index(whole)), body, after)
    builder.position_at_end(after)
    return added
