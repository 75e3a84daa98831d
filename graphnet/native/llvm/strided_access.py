"""Arrays in memory as the emitted code sees them: a pointer and strides; vectors of a few lanes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from llvmlite import ir

from graphnet.ir.core.types import ArrayType
from graphnet.native.llvm.elements import declared, mangled, memory_type
from graphnet.native.llvm.ir_helpers import LANE, POINTER, index, splat

Size: TypeAlias = int | ir.Value
"""A number that is known when code is made, or when it runs."""


@dataclass(frozen=True, slots=True)
class Strided:
    """A strided view in emitted code: pointer, and strides in elements."""

    pointer: ir.Value
    strides: tuple[Size, ...]
    type: ArrayType

    def row(self, builder: ir.IRBuilder, counters: Sequence[ir.Value]) -> Strided:
        """The part at these places of the first axes."""
        pointer = self.pointer
        for counter, stride in zip(counters, self.strides, strict=False):
            if not (isinstance(stride, int) and stride == 0):
                pointer = address(builder, pointer, self.type, scaled(builder, counter, stride))
        return Strided(pointer, self.strides[len(counters) :], self.type)


def number(size: Size) -> ir.Value:
    return index(size) if isinstance(size, int) else size


def scaled(builder: ir.IRBuilder, counter: ir.Value, stride: Size) -> ir.Value:
    if isinstance(stride, int) and stride == 1:
        return counter
    return builder.mul(counter, number(stride))


def address(builder: ir.IRBuilder, base: ir.Value, type: ArrayType, offset: ir.Value) -> ir.Value:
    return builder.gep(base, [offset], source_etype=memory_type(type.dtype))


# ---- the last columns


def lanes_left(builder: ir.IRBuilder, left: ir.Value, width: int) -> ir.Value:
    """The mask of the first ``left`` lanes."""
    kind = ir.VectorType(LANE, width)
    limit = splat(builder, builder.trunc(left, LANE), width)
    return builder.icmp_signed("<", ir.Constant(kind, list(range(width))), limit)


def masked_load(
    builder: ir.IRBuilder,
    place: ir.Value,
    kind: ir.Type,
    live: ir.Value,
    align: int,
    other: ir.Value | None = None,
) -> ir.Value:
    """Lanes outside the mask hold ``other`` (zeros), and their memory is not touched."""
    name = f"llvm.masked.load.{mangled(kind)}.p0"
    function = declared(builder, name, kind, [POINTER, LANE, live.type, kind])
    rest = ir.Constant(kind, None) if other is None else other
    return builder.call(function, [place, ir.Constant(LANE, align), live, rest])


def masked_store(
    builder: ir.IRBuilder, value: ir.Value, place: ir.Value, live: ir.Value, align: int
) -> None:
    name = f"llvm.masked.store.{mangled(value.type)}.p0"
    function = declared(builder, name, ir.VoidType(), [value.type, POINTER, LANE, live.type])
    builder.call(function, [value, place, ir.Constant(LANE, align), live])
