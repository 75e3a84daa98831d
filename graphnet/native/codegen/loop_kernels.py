"""Kernels for whole programs: fused pointwise loops and reductions of any sizes and strides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llvmlite import ir

from graphnet.ir.core.program import Atom, Equation, Var
from graphnet.ir.core.types import ArrayType
from graphnet.native.codegen.elementwise import Loops, Range, emit_loops
from graphnet.native.codegen.reductions import Operation, emit_reduction
from graphnet.native.llvm.division_among_threads import share
from graphnet.native.llvm.ir_helpers import index, smaller
from graphnet.native.llvm.kernel_abi import Kernel, begin_kernel
from graphnet.native.llvm.strided_access import Size, Strided

CHUNK = 64
"""Threads divide columns at multiples of it: no two write to one line of the cache."""


@dataclass(frozen=True)
class LoopShape:
    """The compile-time parameters of a fused loop.

    ``inner`` has for each operand, then each target, the stride along the last axis where it is 0
    or 1, and None where it is an argument.
    """

    equations: tuple[Equation, ...]
    sources: tuple[Atom, ...]
    targets: tuple[Var, ...]
    rank: int
    inner: tuple[int | None, ...]


@dataclass(frozen=True)
class ReductionShape:
    """The compile-time parameters of a reduction: how many axes are kept and reduced, and whether
    the stride is 1 along the last kept and the last reduced axis of the source, and in the target.
    """

    operation: Operation
    kept: int
    reduced: int
    units: tuple[bool, bool, bool]

    @property
    def is_shared(self) -> bool:
        """Whether threads can divide the work."""
        return self.kept > 0


class Arguments:
    """Reads the arguments of a kernel one after the other; final."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel, self.position = kernel, 0

    def next(self) -> ir.Value:
        self.position += 1
        return self.kernel.argument(self.position - 1)

    def many(self, count: int) -> list[ir.Value]:
        return [self.next() for _ in range(count)]


def emit_loop_kernel(module: ir.Module, name: str, shape: LoopShape, loops: Loops) -> None:
    """Arguments: the sizes of the axes, then for each array its strides, without the last one
    where that is compiled in. Pointers: sources, targets."""
    kernel = begin_kernel(module, name)
    arguments = Arguments(kernel)
    sizes = arguments.many(shape.rank)
    atoms: tuple[Atom, ...] = (*shape.sources, *shape.targets)
    arrays = []
    for i, (atom, last) in enumerate(zip(atoms, shape.inner, strict=True)):
        strides: list[Size] = [*arguments.many(shape.rank - 1)]
        strides.append(arguments.next() if last is None else last)
        arrays.append(Strided(kernel.pointer(i), tuple(strides), atom.type))
    count = len(shape.sources)
    emit_loops(
        kernel.builder, loops, shape.equations, shared_ranges(kernel, sizes),
        dict(zip(shape.sources, arrays[:count], strict=True)),
        dict(zip(shape.targets, arrays[count:], strict=True)),
    )  # fmt: skip
    kernel.builder.ret_void()


def emit_reduction_kernel(
    module: ir.Module, name: str, shape: ReductionShape, loops: Loops
) -> None:
    """Arguments: sizes of the kept and the reduced axes, strides of the source along them, strides
    of the target. Pointers: source, target."""
    kernel = begin_kernel(module, name)
    arguments = Arguments(kernel)
    kept, reduced = arguments.many(shape.kept), arguments.many(shape.reduced)
    source: list[Size] = [*arguments.many(shape.kept + shape.reduced)]
    target: list[Size] = [*arguments.many(shape.kept)]
    for strides, position, unit in zip(
        (source, source, target), (shape.kept - 1, -1, -1), shape.units, strict=True
    ):
        if unit:
            strides[position] = 1
    type = shape.operation.type
    emit_reduction(
        kernel.builder, loops, shape.operation,
        shared_ranges(kernel, kept) if kept else [], [(index(0), n) for n in reduced],
        Strided(kernel.pointer(0), tuple(source), type),
        Strided(kernel.pointer(1), tuple(target), type),
    )  # fmt: skip
    kernel.builder.ret_void()


def shared_ranges(kernel: Kernel, sizes: Sequence[ir.Value]) -> list[Range]:
    """The part of each axis that is this thread's: some rows, or columns where rows are few."""
    builder = kernel.builder
    columns = chunks(kernel, sizes[-1])
    if len(sizes) == 1:
        return [columns]
    rows = share(builder, sizes[0], kernel.thread, kernel.threads)
    by_rows = builder.icmp_signed(">=", sizes[0], kernel.threads)
    first = [builder.select(by_rows, r, w) for r, w in zip(rows, (index(0), sizes[0]), strict=True)]
    last = [
        builder.select(by_rows, w, c) for c, w in zip(columns, (index(0), sizes[-1]), strict=True)
    ]
    middle = [(index(0), size) for size in sizes[1:-1]]
    return [(first[0], first[1]), *middle, (last[0], last[1])]


def chunks(kernel: Kernel, count: ir.Value) -> Range:
    builder = kernel.builder
    number = builder.sdiv(builder.add(count, index(CHUNK - 1)), index(CHUNK))
    first, last = share(builder, number, kernel.thread, kernel.threads)
    return (
        smaller(builder, builder.mul(first, index(CHUNK)), count),
        smaller(builder, builder.mul(last, index(CHUNK)), count),
    )


def inner_stride(stride: int) -> int | None:
    return stride if stride in (0, 1) else None


def plain(type: ArrayType) -> ArrayType:
    """A type of which only the dtype matters."""
    return ArrayType((), type.dtype)
