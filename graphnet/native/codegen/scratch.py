"""Working memory of emitted code: sizes that grow with the rows, and pieces of an arena."""

from __future__ import annotations

from dataclasses import dataclass, field

from llvmlite import ir

from graphnet.ir.core.program import Literal
from graphnet.ir.core.types import ArrayType
from graphnet.native.analysis.batch_axis import ROWS
from graphnet.native.analysis.strided_view import StridedView
from graphnet.native.llvm.cache_line import LINE, rounded_up
from graphnet.native.llvm.elements import memory_type
from graphnet.native.llvm.ir_helpers import index


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes as numbers in the code: what is a multiple of ``ROWS`` grows with the rows."""

    rows: ir.Value

    def number(self, builder: ir.IRBuilder, size: int) -> ir.Value:
        many, few = divmod(size, ROWS)
        if not many:
            return index(few)
        grown = builder.mul(self.rows, index(many))
        return builder.add(grown, index(few)) if few else grown


@dataclass
class Scratch:
    """Working memory of one thread: a bump allocator."""

    builder: ir.IRBuilder
    sizes: Sizes
    next: ir.Value
    taken: list[int] = field(default_factory=list)
    """Bytes of the pieces, for the caller who provides the memory."""

    def take(self, type: ArrayType, count: int | None = None) -> ir.Value:
        size = (type.size if count is None else count) * type.dtype.itemsize
        piece = self.next
        self.builder.position_at_end(self.builder.block)  # registers were made there meanwhile
        up = self.builder.add(self.sizes.number(self.builder, size), index(LINE - 1))
        step = self.builder.and_(up, index(-LINE))
        self.next = self.builder.gep(self.next, [step], source_etype=ir.IntType(8))
        self.taken.append(size)
        return piece


def arena_bytes(taken: list[int], rows: int) -> int:
    """Bytes that those pieces need for so many rows."""
    sizes = [rows * (size // ROWS) if size >= ROWS else size for size in taken]
    return sum(map(rounded_up, sizes))


def constant_place(module: ir.Module, constant: Literal) -> StridedView:
    """A constant array, as data of the module."""
    kind = ir.ArrayType(memory_type(constant.type.dtype), constant.value.size)
    data = ir.GlobalVariable(module, kind, module.get_unique_name("constant"))
    numbers = constant.value.reshape(-1).tolist()  # of truth values, LLVM keeps bytes
    data.initializer = ir.Constant(kind, [int(n) if isinstance(n, bool) else n for n in numbers])
    data.global_constant, data.linkage = True, "internal"
    return StridedView.of(data, constant.type)
