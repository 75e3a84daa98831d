"""Sums and maxima over axes, in an order that is the same for any number of threads."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial, reduce

from llvmlite import ir

from graphnet.ir.core.primitive import Primitive
from graphnet.ir.core.program import Equation
from graphnet.ir.core.types import ArrayType
from graphnet.ir.primitives.pointwise import add, maximum
from graphnet.native.codegen.elementwise import Loops, Range, vector
from graphnet.native.codegen.kernel_kinds import KernelKind
from graphnet.native.llvm.elements import ELEMENTS, constant, memory_type
from graphnet.native.llvm.ir_helpers import LANE, counted, index
from graphnet.native.llvm.strided_access import (
    Size,
    Strided,
    address,
    lanes_left,
    masked_load,
    scaled,
)
from graphnet.native.llvm.strided_access import masked_store as store_some

UNROLLED = 4
"""Vectors of columns summed together: enough to keep the adders busy."""


KINDS = {add: KernelKind.SUM, maximum: KernelKind.MAX}
"""Of kernels, by what combines two elements."""


@dataclass(frozen=True)
class Operation:
    """The reduction of elements of one type by a pointwise primitive, ``add`` or ``maximum``."""

    combiner: Primitive
    type: ArrayType

    @property
    def kind(self) -> KernelKind:
        return KINDS[self.combiner]

    @property
    def start(self) -> float | int:
        """The neutral element."""
        if self.type.dtype.kind == "b":
            return 0
        if self.combiner is add:
            return -0.0 if self.type.is_float else 0
        return float("-inf") if self.type.is_float else -(2 ** (8 * self.type.dtype.itemsize - 1))

    def combine(self, builder: ir.IRBuilder, a: ir.Value, b: ir.Value) -> ir.Value:
        return ELEMENTS[self.combiner.name](builder, a, b)


def operation_of(equation: Equation) -> Operation:
    """The operation of a reduction on its elements."""
    combiner = equation.primitive.combiner
    assert combiner is not None
    type = ArrayType((), equation.outputs[0].type.dtype)
    if type.dtype.kind == "b":
        combiner = maximum  # the sum of truth values is one as well: whether any is true
    return Operation(combiner, type)


def emit_reduction(
    builder: ir.IRBuilder,
    loops: Loops,
    operation: Operation,
    kept: Sequence[Range],
    reduced: Sequence[Range],
    source: Strided,
    target: Strided,
) -> None:
    """``target`` (its axes: ``kept``) gets the reduction of ``source`` (axes: kept, reduced).

    Vectors lie along the last axis whose stride is known to be 1: the last kept or reduced one.
    """
    lanes = loops.lanes([operation.type])
    across = bool(kept) and unit(source.strides[len(kept) - 1]) and unit(target.strides[-1])
    if across and not (reduced and unit(source.strides[-1])):
        emit_columns(builder, lanes, operation, kept, reduced, source, target)
        return
    along = bool(reduced) and unit(source.strides[-1])
    with ExitStack() as stack:
        counters = [stack.enter_context(counted(builder, stop, start)) for start, stop in kept]
        row, place = source.row(builder, counters), target.row(builder, counters)
        total = emit_row(builder, lanes if along else 1, operation, reduced, row)
        builder.store(total, place.pointer, align=operation.type.dtype.itemsize)


def unit(stride: Size) -> bool:
    return isinstance(stride, int) and stride == 1


def emit_row(
    builder: ir.IRBuilder,
    lanes: int,
    operation: Operation,
    reduced: Sequence[Range],
    source: Strided,
) -> ir.Value:
    """One number from all entries."""
    kind = vector(memory_type(operation.type.dtype), lanes)
    size, neutral = operation.type.dtype.itemsize, constant(kind, operation.start)
    total = register(builder, kind)
    builder.store(neutral, total)
    if not reduced:
        return builder.load(source.pointer, align=size, typ=kind)

    def add(value: ir.Value) -> None:
        builder.store(operation.combine(builder, builder.load(total, typ=kind), value), total)

    *outer, (start, stop) = reduced
    with ExitStack() as stack:
        counters = [stack.enter_context(counted(builder, last, first)) for first, last in outer]
        row = source.row(builder, counters)
        end = stop
        if lanes > 1:
            end = builder.add(start, builder.and_(builder.sub(stop, start), index(-lanes)))
        with counted(builder, end, start, step=lanes) as column:
            offset = scaled(builder, column, row.strides[0])
            place = address(builder, row.pointer, operation.type, offset)
            add(builder.load(place, align=size, typ=kind))
        if lanes > 1:
            left = builder.sub(stop, end)
            with builder.if_then(builder.icmp_signed(">", left, index(0))):
                live = lanes_left(builder, left, lanes)
                place = address(builder, row.pointer, operation.type, end)
                add(masked_load(builder, place, kind, live, size, neutral))
    return folded(builder, operation, builder.load(total, typ=kind), lanes)


def folded(builder: ir.IRBuilder, operation: Operation, value: ir.Value, lanes: int) -> ir.Value:
    """One number from a vector: its halves are combined again and again.

    Whole numbers are combined one by one: of halves of them LLVM makes code that loses some, where
    it knows all sizes.
    """
    if lanes == 1:
        return value
    if not operation.type.is_float:
        numbers = [builder.extract_element(value, ir.Constant(LANE, i)) for i in range(lanes)]
        return reduce(partial(operation.combine, builder), numbers)
    width = lanes // 2
    while width:
        order = [*range(width, 2 * width), *range(width), *range(2 * width, lanes)]
        mask = ir.Constant(ir.VectorType(LANE, lanes), order)
        value = operation.combine(builder, value, builder.shuffle_vector(value, value, mask))
        width //= 2
    return builder.extract_element(value, ir.Constant(LANE, 0))


def emit_columns(
    builder: ir.IRBuilder,
    lanes: int,
    operation: Operation,
    kept: Sequence[Range],
    reduced: Sequence[Range],
    source: Strided,
    target: Strided,
) -> None:
    """Entry by entry: a few vectors of columns are carried down all rows."""
    *outer, (start, stop) = kept
    wide = UNROLLED * lanes
    with ExitStack() as stack:
        counters = [stack.enter_context(counted(builder, last, first)) for first, last in outer]
        block = Columns(
            builder, operation, lanes, reduced,
            source.row(builder, counters), target.row(builder, counters),
        )  # fmt: skip
        count = builder.sub(stop, start)
        middle = builder.add(start, builder.sub(count, builder.srem(count, index(wide))))
        end = builder.add(start, builder.and_(count, index(-lanes)))
        with counted(builder, middle, start, step=wide) as column:
            block.emit(column, UNROLLED, None)
        with counted(builder, end, middle, step=lanes) as column:
            block.emit(column, 1, None)
        left = builder.sub(stop, end)
        with builder.if_then(builder.icmp_signed(">", left, index(0))):
            block.emit(end, 1, lanes_left(builder, left, lanes))


@dataclass
class Columns:
    """A few neighbouring vectors of columns."""

    builder: ir.IRBuilder
    operation: Operation
    lanes: int
    reduced: Sequence[Range]
    source: Strided
    target: Strided

    def emit(self, column: ir.Value, count: int, live: ir.Value | None) -> None:
        builder, type, size = self.builder, self.operation.type, self.operation.type.dtype.itemsize
        kind = vector(memory_type(type.dtype), self.lanes)
        totals = [register(builder, kind) for _ in range(count)]
        for total in totals:
            builder.store(constant(kind, self.operation.start), total)
        columns = [builder.add(column, index(i * self.lanes)) for i in range(count)]
        with ExitStack() as stack:
            counters = [stack.enter_context(counted(builder, b, a)) for a, b in self.reduced]
            pointer = self.source.pointer
            for counter, stride in zip(counters, self.source.strides[1:], strict=True):
                pointer = address(builder, pointer, type, scaled(builder, counter, stride))
            for total, first in zip(totals, columns, strict=True):
                place = address(builder, pointer, type, first)
                if live is None:
                    value = builder.load(place, align=size, typ=kind)
                else:
                    value = masked_load(builder, place, kind, live, size)
                before = builder.load(total, typ=kind)
                builder.store(self.operation.combine(builder, before, value), total)
        for total, first in zip(totals, columns, strict=True):
            place = address(builder, self.target.pointer, type, first)
            value = builder.load(total, typ=kind)
            if live is None:
                builder.store(value, place, align=size)
            else:
                store_some(builder, value, place, live, size)


def register(builder: ir.IRBuilder, kind: ir.Type) -> ir.Value:
    """A register: memory that LLVM keeps none of, made at the start of the function."""
    with builder.goto_entry_block():
        return builder.alloca(kind)
