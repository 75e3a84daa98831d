"""Kernels that read and write rows by index: take, scatter_add, and the check of lengths.

An index out of range sets a flag, and the row is left alone: the caller then runs the interpreter,
which says what is wrong and where.
"""

from __future__ import annotations

from dataclasses import dataclass

from llvmlite import ir

from graphnet.ir.core.types import ArrayType
from graphnet.native.codegen.elementwise import Range
from graphnet.native.codegen.kernel_kinds import KernelKind
from graphnet.native.llvm.division_among_threads import share
from graphnet.native.llvm.elements import ELEMENTS, constant, memory_type
from graphnet.native.llvm.ir_helpers import INDEX, counted, index
from graphnet.native.llvm.kernel_abi import begin_kernel
from graphnet.native.llvm.strided_access import address


@dataclass(frozen=True)
class RowsShape:
    """The compile-time parameters of such a kernel."""

    kind: KernelKind
    type: ArrayType
    """Of the elements of rows."""
    indices: ArrayType


@dataclass(frozen=True, slots=True)
class Site:
    """The place of the code: pointers and sizes as ``emit_rows_kernel`` has them, and which of how
    many threads runs it."""

    builder: ir.IRBuilder
    pointers: list[ir.Value]
    sizes: list[ir.Value]
    thread: ir.Value
    threads: ir.Value


def emit_rows_kernel(module: ir.Module, name: str, shape: RowsShape) -> None:
    """``take``: arguments count, rows, columns; pointers table, indices, result, flag.
    ``scatter_add``: the same; pointers rows to add, indices, result, flag.
    ``checked_lengths``: arguments count, steps, 1; pointers lengths, result, flag.
    """
    kernel = begin_kernel(module, name)
    count = 3 if shape.kind is KernelKind.LENGTHS else 4
    pointers = [kernel.pointer(i) for i in range(count)]
    sizes = [kernel.argument(i) for i in range(3)]
    emit_rows(Site(kernel.builder, pointers, sizes, kernel.thread, kernel.threads), shape)
    kernel.builder.ret_void()


def emit_rows(site: Site, shape: RowsShape) -> None:
    EMITTERS[shape.kind](site, shape)


def emit_take(site: Site, shape: RowsShape) -> None:
    """Threads divide the indices."""
    builder = site.builder
    count, rows, columns = site.sizes
    table, indices, result, flag = site.pointers
    first, last = share(builder, count, site.thread, site.threads)
    with counted(builder, last, first) as i:
        row = row_at(builder, shape, indices, i)
        with builder.if_else(in_range(builder, row, rows)) as (good, bad):
            with good:
                source = address(builder, table, shape.type, builder.mul(row, columns))
                target = address(builder, result, shape.type, builder.mul(i, columns))
                copy_row(builder, shape.type, source, target, (index(0), columns), add=False)
            with bad:
                builder.store(index(1), flag)


def emit_scatter(site: Site, shape: RowsShape) -> None:
    """Each thread adds to rows of its own, in the order of the indices."""
    builder = site.builder
    count, rows, columns = site.sizes
    source, indices, result, flag = site.pointers
    first, last = share(builder, rows, site.thread, site.threads)
    kind = memory_type(shape.type.dtype)
    begin, end = builder.mul(first, columns), builder.mul(last, columns)
    with counted(builder, end, begin) as i:
        zero = constant(kind, 0.0 if shape.type.is_float else 0)
        builder.store(zero, address(builder, result, shape.type, i))
    with counted(builder, count) as i:
        row = row_at(builder, shape, indices, i)
        with builder.if_then(builder.not_(in_range(builder, row, rows))):
            builder.store(index(1), flag)
        own = builder.and_(
            builder.icmp_signed(">=", row, first), builder.icmp_signed("<", row, last)
        )
        with builder.if_then(own):
            place = address(builder, source, shape.type, builder.mul(i, columns))
            target = address(builder, result, shape.type, builder.mul(row, columns))
            copy_row(builder, shape.type, place, target, (index(0), columns), add=True)


def emit_lengths(site: Site, shape: RowsShape) -> None:
    builder = site.builder
    count, steps, _ = site.sizes
    lengths, result, flag = site.pointers
    kind = memory_type(shape.indices.dtype)
    with counted(builder, count) as i:
        place = address(builder, lengths, shape.indices, i)
        length = builder.load(place, typ=kind, align=shape.indices.dtype.itemsize)
        builder.store(length, address(builder, result, shape.indices, i))
        wide = builder.sext(length, INDEX) if kind.width < INDEX.width else length
        with builder.if_then(builder.not_(in_range(builder, wide, builder.add(steps, index(1))))):
            builder.store(index(1), flag)


EMITTERS = {
    KernelKind.TAKE: emit_take,
    KernelKind.SCATTER_ADD: emit_scatter,
    KernelKind.LENGTHS: emit_lengths,
}


def row_at(builder: ir.IRBuilder, shape: RowsShape, indices: ir.Value, i: ir.Value) -> ir.Value:
    kind = memory_type(shape.indices.dtype)
    place = address(builder, indices, shape.indices, i)
    row = builder.load(place, typ=kind, align=shape.indices.dtype.itemsize)
    return builder.sext(row, INDEX) if kind.width < INDEX.width else row


def in_range(builder: ir.IRBuilder, row: ir.Value, rows: ir.Value) -> ir.Value:
    """Unsigned: a negative row is a large one."""
    return builder.icmp_unsigned("<", row, rows)


def copy_row(
    builder: ir.IRBuilder,
    type: ArrayType,
    source: ir.Value,
    target: ir.Value,
    columns: Range,
    add: bool,
) -> None:
    kind, size = memory_type(type.dtype), type.dtype.itemsize
    with counted(builder, columns[1], columns[0]) as column:
        value = builder.load(address(builder, source, type, column), typ=kind, align=size)
        place = address(builder, target, type, column)
        if add:
            value = ELEMENTS["add"](builder, builder.load(place, typ=kind, align=size), value)
        builder.store(value, place, align=size)
