"""One step of a scan as machine code: loop fusion, and the allocation of values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from math import prod

from llvmlite import ir

from graphnet.ir.core.program import Atom, Equation, Literal, Program, Var, is_var, literal
from graphnet.ir.core.types import ArrayType
from graphnet.ir.primitives.pointwise import identity
from graphnet.ir.primitives.reduction import axes_of, kept_shape
from graphnet.native.analysis.fusion import is_fusible
from graphnet.native.analysis.strided_view import StridedView, collapsed
from graphnet.native.codegen.cycle_counters import Clock
from graphnet.native.codegen.elementwise import Loops, emit_loops, is_number
from graphnet.native.codegen.kernel_kinds import KernelKind
from graphnet.native.codegen.parallel_gemm import Team, is_large
from graphnet.native.codegen.reductions import Operation, emit_reduction
from graphnet.native.codegen.scratch import Arena, Sizes, constant_place
from graphnet.native.gemm.library import declare_pack, declare_product
from graphnet.native.gemm.register_tile import Tile
from graphnet.native.llvm.ir_helpers import POINTER, index
from graphnet.native.llvm.strided_access import Strided, address


@dataclass
class Emitter:
    """Emits the equations of a body, once, for one step; final.

    ``places`` says where values are; ``wanted`` where results must be put (in the output of this
    step), if they can be made there; ``packed`` where panels of constants are. ``rules`` are those
    of primitives that no loop computes, by name.
    """

    builder: ir.IRBuilder
    loops: Loops
    tiles: Mapping[str, Tile]
    sizes: Sizes
    arena: Arena
    places: dict[Atom, StridedView]
    wanted: dict[Var, StridedView]
    packed: dict[Atom, ir.Value]
    rules: Mapping[str, StepRule]
    clock: Clock | None = None
    team: Team | None = None
    outputs: set[Atom] = field(default_factory=set)
    users: dict[Atom, list[Equation]] = field(default_factory=dict)
    group: list[Equation] = field(default_factory=list)

    def body(self, program: Program) -> None:
        self.outputs = {atom for atom in program.outputs if is_var(atom)}
        for equation in program.equations:
            for atom in equation.inputs:
                self.users.setdefault(atom, []).append(equation)
        for equation in program.equations:
            self.equation(equation)
        self.flush()

    def equation(self, equation: Equation) -> None:
        pending = {e.outputs[0] for e in self.group}
        if is_fusible(equation):
            shape = equation.outputs[0].type.shape
            other = any(a in pending and a.type.shape != shape for a in equation.inputs)
            if self.group and (self.group[0].outputs[0].type.shape != shape or other):
                self.flush()
            self.group.append(equation)
            return
        if any(atom in pending for atom in equation.inputs):
            self.flush()
        with self.timed([equation]):
            self.rules[equation.primitive.name](self, equation)

    # ---- pointwise

    def flush(self) -> None:
        """Emit the pending pointwise equations."""
        group, self.group = self.group, []
        if group:
            with self.timed(group):
                self.fused(group)

    def timed(self, equations: Sequence[Equation]) -> AbstractContextManager[None]:
        """Count the cycles of the code emitted within, in timed kernels."""
        return nullcontext() if self.clock is None else self.clock.timed(self, equations)

    def fused(self, group: list[Equation]) -> None:
        members = set(map(id, group))
        stores: dict[Var, StridedView] = {}
        for equation in group:
            var = equation.outputs[0]
            outside = any(id(user) not in members for user in self.users.get(var, ()))
            if outside or var in self.outputs:
                stores[var] = self.allocate(var)
        inside = {e.outputs[0] for e in group}
        operands = [a for e in group for a in e.inputs if a not in inside and not is_number(a)]
        reads = {atom: self.at(atom) for atom in operands}
        self.loop(group, group[0].outputs[0].type.shape, reads, stores)
        for var, place in stores.items():
            self.places[var] = place

    def loop(
        self,
        equations: list[Equation],
        shape: tuple[int, ...],
        reads: Mapping[Atom, StridedView],
        stores: Mapping[Var, StridedView],
    ) -> None:
        """Compute pointwise equations of one shape."""
        spread = {a: p.broadcast(ArrayType(shape, a.type.dtype)) for a, p in reads.items()}
        sizes, strides = collapsed(shape, [*spread.values(), *stores.values()])
        if 0 in sizes:
            return
        ranges = [(index(0), self.sizes.number(self.builder, size)) for size in sizes]
        places = [
            Strided(self.pointer(place), row, place.type)
            for place, row in zip([*spread.values(), *stores.values()], strides, strict=True)
        ]
        sources = dict(zip(spread, places, strict=False))
        targets = dict(zip(stores, places[len(spread) :], strict=True))
        emit_loops(self.builder, self.loops, equations, ranges, sources, targets)

    def copy(self, source: StridedView, target: StridedView) -> None:
        """Copy an array of one shape into a place."""
        before, after = Var(source.type), Var(target.type)
        equation = Equation(identity, (before,), {}, (after,), None)
        self.loop([equation], target.type.shape, {before: source}, {after: target})

    # ---- where values are

    def allocate(self, var: Var) -> StridedView:
        """Memory for a result: in the output of this step, else working memory."""
        if var in self.wanted:
            return self.wanted[var]
        return StridedView.of(self.arena.take(var.type), var.type)

    def at(self, atom: Atom) -> StridedView:
        if atom not in self.places:
            assert isinstance(atom, Literal)
            self.places[atom] = constant_place(self.builder.module, atom)
        return self.places[atom]

    def pointer(self, place: StridedView) -> ir.Value:
        return address(self.builder, place.pointer, place.type, index(place.offset))

    def zero(self, type: ArrayType) -> StridedView:
        """An array of zeros that lies nowhere but in one number."""
        return constant_place(self.builder.module, literal(0, type.dtype)).broadcast(type)

    def view(self, equation: Equation) -> None:
        source = self.at(equation.inputs[0])
        made = source.view(equation)
        if made is None:
            copied = StridedView.of(self.arena.take(source.type), source.type)
            self.copy(source, copied)
            made = copied.view(equation)
        assert made is not None
        self.places[equation.outputs[0]] = made

    # ---- arrays put together

    def unslice(self, equation: Equation) -> None:
        """Zeros with an array in a window of them."""
        source = self.at(equation.inputs[0])
        target = self.allocate(equation.outputs[0])
        self.copy(self.zero(target.type), target)
        self.copy(source, target.window(equation.settings["window"], source.type))
        self.places[equation.outputs[0]] = target

    def concatenate(self, equation: Equation) -> None:
        target = self.allocate(equation.outputs[0])
        for atom, part in parts_of(equation, target):
            self.copy(self.at(atom), part)
        self.places[equation.outputs[0]] = target

    def reduction(self, equation: Equation) -> None:
        var, source = equation.outputs[0], self.at(equation.inputs[0])
        axes = axes_of(equation.settings["axis"], len(source.type.shape))
        kept = [axis for axis in range(len(source.type.shape)) if axis not in axes]
        target = self.allocate(var)
        shape = kept_shape(source.type.shape, equation.settings["axis"])
        spread = target.reshaped(ArrayType(shape, var.type.dtype))
        assert spread is not None
        ranges = [(index(0), self.sizes.number(self.builder, n)) for n in source.type.shape]
        emit_reduction(
            self.builder, self.loops, Operation(KernelKind(equation.primitive.name), var.type),
            [ranges[axis] for axis in kept], [ranges[axis] for axis in axes],
            Strided(
                self.pointer(source), tuple(source.strides[a] for a in (*kept, *axes)), source.type
            ),
            Strided(self.pointer(target), tuple(spread.strides[a] for a in kept), var.type),
        )  # fmt: skip
        self.places[var] = target

    # ---- products

    def product(self, equation: Equation) -> None:
        left, right, *start = equation.inputs
        var = equation.outputs[0]
        tile = self.tiles[var.type.dtype.name]
        rows, depth = prod(left.type.shape[:-1]), left.type.shape[-1]
        columns = right.type.shape[1] if len(right.type.shape) == 2 else 1
        a = self.rows_of(self.at(left), rows, depth)
        panels = self.panels(right, tile, depth, columns)
        target = self.allocate(var)
        assert target.is_contiguous
        transposed = a.strides[1] != 1 and a.strides[0] == 1
        number = self.sizes.number
        sizes = [rows, columns, depth]
        values = [
            *[number(self.builder, size) for size in sizes],
            self.pointer(a), number(self.builder, a.strides[1 if transposed else 0]), panels,
            self.pointer(target), number(self.builder, columns), *self.beginning(start, target),
        ]  # fmt: skip
        if self.team is not None and is_large(equation):
            self.team.product(self.builder, tile, transposed, equation, values)
        else:
            self.builder.call(declare_product(self.builder.module, tile, transposed), values)
        self.places[var] = target

    def beginning(self, start: Sequence[Atom], target: StridedView) -> tuple[ir.Value, ir.Value]:
        """The addend of a product and its row stride; null and zero without one."""
        if not start:
            return ir.Constant(POINTER, None), index(0)
        place = self.at(start[0]).broadcast(target.type)
        rows = place.as_rows()
        if rows is None:
            self.copy(place, target)  # a product may begin from what it overwrites
            rows = target.as_rows()
        assert rows is not None
        return self.pointer(rows), self.sizes.number(self.builder, rows.strides[0])

    def rows_of(self, place: StridedView, rows: int, depth: int) -> StridedView:
        """A left operand as rows one after the other, copied where it is laid out otherwise."""
        type = ArrayType((rows, depth), place.type.dtype)
        if len(place.type.shape) == 2 and 1 in (place.strides[1], place.strides[0]):
            return place
        if not place.is_contiguous:
            copied = StridedView.of(self.arena.take(place.type), place.type)
            self.copy(place, copied)
            place = copied
        return StridedView(place.pointer, place.offset, (depth, 1), type)

    def panels(self, atom: Atom, tile: Tile, depth: int, columns: int) -> ir.Value:
        """The right operand in panels; those of constants are there already."""
        if atom in self.packed:
            return self.packed[atom]
        place = self.at(atom).as_matrix()
        if 1 not in place.strides:
            copied = StridedView.of(self.arena.take(place.type), place.type)
            self.copy(place, copied)
            place = copied
        transposed = place.strides[1] != 1
        panels = self.arena.take(atom.type, tile.packed_size(depth, columns))
        stride = place.strides[0 if not transposed else 1]
        self.builder.call(
            declare_pack(self.builder.module, tile, transposed),
            [
                *[index(depth), index(columns), self.pointer(place), index(stride), panels],
                *[index(depth), index(0)],
            ],
        )
        return panels


StepRule = Callable[[Emitter, Equation], None]
"""Emits an equation outside of fused loops."""


def parts_of(equation: Equation, target: StridedView) -> list[tuple[Atom, StridedView]]:
    """The operands of ``concatenate``, and where in the result each goes."""
    shape = target.type.shape
    axis, start, parts = equation.settings["axis"] % len(shape), 0, []
    for atom in equation.inputs:
        stop = start + atom.type.shape[axis]
        window = tuple((start, stop, 1) if i == axis else (0, n, 1) for i, n in enumerate(shape))
        parts.append((atom, target.window(window, atom.type)))
        start = stop
    return parts
