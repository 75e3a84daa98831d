"""Scheduling: the calls of kernels that a program becomes, and the buffers that they use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from math import prod

from graphnet.ir.core.program import Atom, Equation, Literal, Program, Var
from graphnet.ir.core.types import ArrayType, Shape
from graphnet.native.analysis.strided_view import StridedView
from graphnet.native.codegen.elementwise import is_number
from graphnet.native.codegen.kernel_cache import KernelCode, Kernels
from graphnet.native.codegen.kernel_kinds import KernelKind
from graphnet.native.codegen.loop_kernels import inner_stride
from graphnet.native.codegen.reductions import operation_of
from graphnet.native.codegen.scan_body import InLineRule
from graphnet.native.faults import stage
from graphnet.native.llvm.cache_line import rounded_up
from graphnet.native.lowering.lowering import Lowering, Products, VectorForm
from graphnet.native.lowering.products import is_transposed
from graphnet.native.runtime.dispatcher import WorkSharing
from graphnet.native.scheduling.buffers import Base, Buffer, BufferRole
from graphnet.native.scheduling.calls import KernelCall, nbytes, pointer
from graphnet.native.scheduling.parts import axes_together, parts_of

MANY = 128
"""From so many kernels on, loops are single equations, which recur: a program of thousands of
loops, no two alike, would take a minute to compile."""

Parts = Sequence[tuple[StridedView, StridedView]]
"""The parts of a concatenation: source and target of each."""
Concatenation = tuple[StridedView, Parts]


class Scheduler(Lowering[StridedView]):
    """Collects calls of kernels; final.

    ``concatenated`` holds arrays that are not materialised yet, with source and target of each
    part: joined weights are mostly packed part by part.
    """

    largest_loop = 32  # more would not fit into registers, and take long to compile

    def __init__(
        self,
        program: Program,
        kernels: Kernels,
        rules: Mapping[str, SchedulingRule],
        rules_in_scans: Mapping[str, InLineRule],
    ) -> None:
        super().__init__({})
        self.program, self.kernels = program, kernels
        self.rules, self.rules_in_scans = rules, rules_in_scans
        self.calls: list[KernelCall] = []
        self.constants: list[Literal] = []
        self.packed: dict[tuple[object, ...], StridedView] = {}
        self.concatenated: dict[Buffer, Concatenation] = {}
        self.flag = Buffer(Base.FLAG, 0, 8)
        self.equations: tuple[Equation, ...] = ()
        for i, var in enumerate(program.inputs):
            self.places[var] = StridedView.of(Buffer(Base.INPUT, i, nbytes(var.type)), var.type)

    def run(self) -> None:
        self.lower(self.program)
        for atom in self.program.outputs:
            self.materialise(self.at(atom))

    def around(self, equations: Sequence[Equation]) -> AbstractContextManager[None]:
        self.equations = tuple(equations)
        return stage("scheduling", self.equations)

    def follow_rule(self, equation: Equation) -> None:
        self.rules[equation.primitive.name](self, equation)

    # ---- memory

    def constant(self, literal: Literal) -> StridedView:
        buffer = Buffer(Base.CONSTANT, len(self.constants), nbytes(literal.type))
        self.constants.append(literal)
        return StridedView.of(buffer, literal.type)

    def result(self, var: Var) -> StridedView:
        return self.new(var.type, role=BufferRole.VALUES, var=var)

    def temporary(self, type: ArrayType) -> StridedView:
        return self.new(type)

    def new(
        self,
        type: ArrayType,
        count: int | None = None,
        role: BufferRole = BufferRole.COPY,
        var: Var | None = None,
    ) -> StridedView:
        size = nbytes(type) if count is None else count * type.dtype.itemsize
        return StridedView.of(Buffer(Base.ARENA, -1, size, role, self.equations, var), type)

    def emit_concatenation(self, target: StridedView, parts: Parts) -> None:
        for source, _ in parts:
            self.materialise(source)
        self.concatenated[target.pointer] = target, parts

    def materialise(self, place: StridedView) -> None:
        """Copy the parts of a joined array into it, if that was not done yet."""
        _, parts = self.concatenated.pop(place.pointer, (place, []))
        for source, part in parts:
            self.copy(source, part)

    # ---- calls

    def call(
        self,
        code: KernelCode,
        places: Sequence[StridedView | None],
        arguments: Sequence[int],
        cost: float,
        sharing: WorkSharing = WorkSharing.SHARED,
    ) -> KernelCall:
        for place in places:
            if place is not None:
                self.materialise(place)
        pointers = [(None, 0) if place is None else pointer(place) for place in places]
        made = KernelCall(code, pointers, list(arguments), cost, sharing, self.equations)
        self.calls.append(made)
        return made

    def fuse(self, equations: Sequence[Equation], stored: Sequence[Var]) -> None:
        if len(self.kernels.asked) < MANY:
            super().fuse(equations, stored)
            return
        for equation in equations:
            self.equations = (equation,)
            super().fuse([equation], equation.outputs)

    def is_baked(self, atom: Atom) -> bool:
        return is_baked(atom)

    def emit_loop(
        self,
        equations: Sequence[Equation],
        reads: Mapping[Atom, StridedView],
        stores: Mapping[Var, StridedView],
        sizes: Shape,
        strides: Sequence[Shape],
    ) -> None:
        inner = tuple(inner_stride(row[-1]) for row in strides)
        code = self.kernels.loop(equations, tuple(reads), tuple(stores), len(sizes), inner)
        outer = [
            row[:-1] if last is not None else row for row, last in zip(strides, inner, strict=True)
        ]
        arguments = [*sizes, *(stride for row in outer for stride in row)]
        places = [*reads.values(), *stores.values()]
        self.call(code, places, arguments, prod(sizes) * (len(equations) + len(places)))

    def emit_reduction(
        self,
        equation: Equation,
        source: StridedView,
        target: StridedView,
        kept: Sequence[int],
        reduced: Sequence[int],
    ) -> None:
        kept_sizes, kept_strides, into = axes_together(source, kept, target)
        sizes, strides, _ = axes_together(source, reduced)
        if 0 in kept_sizes:
            return
        units = kept_strides[-1:] == [1], strides[-1:] == [1], into[-1:] == [1]
        operation = operation_of(equation)
        code = self.kernels.reduction(operation, len(kept_sizes), len(sizes), units)
        arguments = [*kept_sizes, *sizes, *kept_strides, *strides, *into]
        sharing = WorkSharing.SHARED if kept_sizes else WorkSharing.ALONE
        self.call(code, [source, target], arguments, source.type.size, sharing)

    # ---- products

    def emit_product(
        self,
        equation: Equation,
        left: StridedView,
        panels: StridedView,
        target: StridedView,
        start: StridedView | None,
    ) -> None:
        (rows, depth), columns = left.type.shape, panels.type.shape[1]
        transposed = is_transposed(left)
        code = self.kernels.product(left.type.dtype, transposed)
        stride, begin = left.strides[1 if transposed else 0], start.strides[0] if start else 0
        arguments = [rows, columns, depth, stride, columns, begin]
        self.call(code, [left, panels, target, start], arguments, 2.0 * rows * columns * depth)

    def emit_products(self, equation: Equation, batch: Products) -> None:
        left, right, target = batch.left, batch.right, batch.target
        (rows, depth), columns = left.type.shape, right.type.shape[1]
        turned = is_transposed(left), is_transposed(right)
        tile, dtype = self.kernels.tile(left.type.dtype), target.type.dtype
        own = rounded_up(tile.packed_size(depth, columns) * dtype.itemsize) // dtype.itemsize
        memory = self.new(target.type, own * self.kernels.threads, BufferRole.WORKING_MEMORY)
        distances = [p.strides[1 if t else 0] for p, t in zip((left, right), turned, strict=True)]
        arguments = [rows, columns, depth, *distances, columns, own, *axes_of_batch(batch)]
        cost = 2.0 * rows * columns * depth * prod(batch.sizes)
        self.call(
            self.kernels.products(dtype, *turned), [left, right, target, memory], arguments, cost
        )

    def emit_vectors(self, form: VectorForm, batch: Products) -> None:
        matrix, vector = batch.left, batch.right
        rows, depth = matrix.type.shape
        if form is VectorForm.DOTS:
            kind, sizes = KernelKind.DOTS, [rows, depth, matrix.strides[0]]
        else:
            kind = KernelKind.COLUMNS
            sizes = [depth, rows, matrix.strides[1], vector.strides[1]]
        code = self.kernels.of_library(kind, matrix.type.dtype)
        cost = 2.0 * rows * depth * prod(batch.sizes)
        places = [matrix, vector, batch.target]
        self.call(code, places, [*sizes, *axes_of_batch(batch)], cost)

    def panels(self, matrix: StridedView, atom: Atom | None = None) -> StridedView:
        """A matrix in panels, made once for all products that it is the right operand of."""
        key = (matrix.pointer, matrix.offset, matrix.strides, matrix.type)
        depth, columns = matrix.type.shape
        if key not in self.packed:
            tile = self.kernels.tile(matrix.type.dtype)
            place = self.new(matrix.type, tile.packed_size(depth, columns), BufferRole.PANELS)
            whole, parts = self.concatenated.get(matrix.pointer, (matrix, []))
            for part, row, column in parts_of(matrix, whole, parts):
                lead = column % tile.panel
                begin = replace(place, offset=(column - lead) * depth + row * tile.panel)
                self.pack(part, begin, depth, lead)
            self.packed[key] = StridedView.of(place.pointer, matrix.type)
        return self.packed[key]

    def pack(self, part: StridedView, target: StridedView, pitch: int, lead: int) -> None:
        """Pack a matrix, or a part of one (see ``emit_pack``)."""
        if 1 not in part.strides and part.type.size:
            part = self.copied(part)
        depth, columns = part.type.shape
        transposed = part.strides[1] != 1 and columns != 1
        code = self.kernels.pack(part.type.dtype, transposed)
        stride = part.strides[1] if transposed else part.strides[0]
        arguments = [depth, columns, stride, pitch, lead]
        self.call(code, [part, target], arguments, 2.0 * part.type.size)


def axes_of_batch(batch: Products) -> list[int]:
    """The axes of a batch as its kernels read them (``gemm/batched.py``)."""
    axes = zip(batch.sizes, *batch.strides, strict=True)
    return [len(batch.sizes), *(number for axis in axes for number in axis)]


SchedulingRule = Callable[[Scheduler, Equation], None]
"""The scheduling of an equation outside of fused loops."""

NICE = 16
"""Small whole numbers are part of the code; others, such as 1 / batch, are read, so that another
one needs no other code."""


def is_baked(atom: Atom) -> bool:
    """Whether a literal is written into the code of a loop."""
    if not isinstance(atom, Literal) or not is_number(atom):
        return False
    value = float(atom.value.item())
    return abs(value) <= NICE and (2 * value).is_integer()
