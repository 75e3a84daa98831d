"""The body of a scan as code in line: one step, emitted once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TypeAlias

from llvmlite import ir

from graphnet.ir.core.program import Atom, Equation, Literal, Var
from graphnet.ir.core.types import ArrayType, Shape
from graphnet.ir.primitives.reduction import kept_shape
from graphnet.native.analysis.batch_axis import ROWS
from graphnet.native.analysis.strided_view import StridedView
from graphnet.native.codegen.cycle_counters import Clock
from graphnet.native.codegen.elementwise import Loops, emit_loops, is_number
from graphnet.native.codegen.parallel_gemm import Team, is_large
from graphnet.native.codegen.reductions import emit_reduction, operation_of
from graphnet.native.codegen.scratch import Scratch, Sizes, constant_place
from graphnet.native.gemm.library import (
    declare_columns,
    declare_dots,
    declare_pack,
    declare_product,
)
from graphnet.native.gemm.register_tile import Tile
from graphnet.native.llvm.ir_helpers import POINTER, counted, index
from graphnet.native.llvm.strided_access import Size, Strided, address
from graphnet.native.lowering.lowering import Lowering, Products, VectorForm
from graphnet.native.lowering.products import is_transposed

InLineRule: TypeAlias = Callable[["Emitter", Equation], None]
"""The code of an equation outside of fused loops."""


@dataclass
class Context:
    """What the steps of a scan, and of scans inside of it, have in common."""

    loops: Loops
    tiles: Mapping[str, Tile]
    sizes: Sizes
    arena: Scratch
    packed: Mapping[Atom, ir.Value]
    """Where panels of constants are."""
    rules: Mapping[str, InLineRule]
    clock: Clock | None = None
    team: Team | None = None
    flag: ir.Value | None = None
    """What is set where an index is wrong."""


class Emitter(Lowering[ir.Value]):
    """Emits code where its builder stands; final.

    ``wanted`` says where results must be put (in the output of this step), if they can be made
    there.
    """

    largest_loop = None

    def __init__(
        self,
        builder: ir.IRBuilder,
        context: Context,
        places: dict[Atom, StridedView],
        wanted: Mapping[Var, StridedView],
    ) -> None:
        super().__init__(places)
        self.builder, self.context, self.wanted = builder, context, wanted
        self.loops, self.tiles = context.loops, context.tiles
        self.sizes, self.arena = context.sizes, context.arena

    def around(self, equations: Sequence[Equation]) -> AbstractContextManager[None]:
        """Count the cycles of the code emitted within, in timed kernels."""
        return (
            nullcontext()
            if self.context.clock is None
            else self.context.clock.timed(self, equations)
        )

    def follow_rule(self, equation: Equation) -> None:
        self.context.rules[equation.primitive.name](self, equation)

    # ---- memory

    def constant(self, literal: Literal) -> StridedView:
        return constant_place(self.builder.module, literal)

    def result(self, var: Var) -> StridedView:
        return self.wanted.get(var) or self.temporary(var.type)

    def temporary(self, type: ArrayType) -> StridedView:
        return StridedView.of(self.arena.take(type), type)

    def pointer(self, place: StridedView) -> ir.Value:
        return address(self.builder, place.pointer, place.type, self.number(place.offset))

    def number(self, size: int) -> ir.Value:
        """A size, or a stride, as a number in the code."""
        return self.sizes.number(self.builder, size)

    def distances(self, strides: Sequence[int]) -> tuple[Size, ...]:
        """Strides, as numbers in the code where they grow with the rows."""
        return tuple(stride if stride < ROWS else self.number(stride) for stride in strides)

    def emit_concatenation(
        self, target: StridedView, parts: Sequence[tuple[StridedView, StridedView]]
    ) -> None:
        for source, part in parts:
            self.copy(source, part)

    # ---- loops

    def is_baked(self, atom: Atom) -> bool:
        return is_number(atom)

    def emit_loop(
        self,
        equations: Sequence[Equation],
        reads: Mapping[Atom, StridedView],
        stores: Mapping[Var, StridedView],
        sizes: Shape,
        strides: Sequence[Shape],
    ) -> None:
        ranges = [(index(0), self.number(size)) for size in sizes]
        places = [
            Strided(self.pointer(place), self.distances(row), place.type)
            for place, row in zip([*reads.values(), *stores.values()], strides, strict=True)
        ]
        sources = dict(zip(reads, places, strict=False))
        targets = dict(zip(stores, places[len(reads) :], strict=True))
        emit_loops(self.builder, self.loops, list(equations), ranges, sources, targets)

    def emit_reduction(
        self,
        equation: Equation,
        source: StridedView,
        target: StridedView,
        kept: Sequence[int],
        reduced: Sequence[int],
    ) -> None:
        shape = kept_shape(source.type.shape, equation.settings["axis"])
        spread = target.reshaped(ArrayType(shape, target.type.dtype))
        assert spread is not None
        ranges = [(index(0), self.number(n)) for n in source.type.shape]
        strides = self.distances([source.strides[axis] for axis in (*kept, *reduced)])
        into = self.distances([spread.strides[axis] for axis in kept])
        emit_reduction(
            self.builder, self.loops, operation_of(equation),
            [ranges[axis] for axis in kept], [ranges[axis] for axis in reduced],
            Strided(self.pointer(source), strides, source.type),
            Strided(self.pointer(target), into, target.type),
        )  # fmt: skip

    # ---- products

    def emit_product(
        self,
        equation: Equation,
        left: StridedView,
        panels: ir.Value,
        target: StridedView,
        start: StridedView | None,
    ) -> None:
        assert target.is_contiguous
        tile, transposed = self.tiles[target.type.dtype.name], is_transposed(left)
        (rows, depth), columns = left.type.shape, equation.inputs[1].type.shape[1:] or (1,)
        begin = (ir.Constant(POINTER, None), index(0))
        if start is not None:
            begin = self.pointer(start), self.number(start.strides[0])
        values = [
            *map(self.number, (rows, *columns, depth)),
            self.pointer(left), self.number(left.strides[1 if transposed else 0]), panels,
            self.pointer(target), self.number(*columns), *begin,
        ]  # fmt: skip
        team = self.context.team
        if team is not None and is_large(equation):
            team.product(self.builder, tile, transposed, equation, values)
        else:
            self.builder.call(declare_product(self.builder.module, tile, transposed), values)

    def emit_products(self, equation: Equation, batch: Products) -> None:
        left, right = batch.left, batch.right
        (rows, depth), columns = left.type.shape, right.type.shape[1]
        tile = self.tiles[left.type.dtype.name]
        turned = [is_transposed(left), is_transposed(right)]
        strides = [p.strides[1 if t else 0] for p, t in zip((left, right), turned, strict=True)]
        of_a, of_b = map(self.number, strides)
        m, n, k = map(self.number, (rows, columns, depth))
        panels = self.arena.take(left.type, tile.packed_size(depth, columns))
        pack = declare_pack(self.builder.module, tile, turned[1])
        multiply = declare_product(self.builder.module, tile, turned[0])
        none = ir.Constant(POINTER, None), index(0)
        with self.entries(batch) as (a, b, c):
            self.builder.call(pack, [k, n, b, of_b, panels, k, index(0)])
            self.builder.call(multiply, [m, n, k, a, of_a, panels, c, n, *none])

    def emit_vectors(self, form: VectorForm, batch: Products) -> None:
        matrix, vector = batch.left, batch.right
        m, k = map(self.number, matrix.type.shape)
        module, tile = self.builder.module, self.tiles[matrix.type.dtype.name]
        with self.entries(batch) as (a, x, c):
            if form is VectorForm.DOTS:
                stride = self.number(matrix.strides[0])
                self.builder.call(declare_dots(module, tile), [m, k, a, stride, x, c])
            else:
                steps = self.number(vector.strides[1]), self.number(matrix.strides[1])
                values = [k, m, x, steps[0], a, steps[1], c]
                self.builder.call(declare_columns(module, tile), values)

    @contextmanager
    def entries(self, batch: Products) -> Iterator[list[ir.Value]]:
        """A loop over the entries of a batch, with the addresses of left, right and target."""
        builder, places = self.builder, (batch.left, batch.right, batch.target)
        with ExitStack() as stack:
            counters = [
                stack.enter_context(counted(builder, self.number(size))) for size in batch.sizes
            ]
            found = []
            for place, strides in zip(places, batch.strides, strict=True):
                steps = tuple(map(self.number, strides))
                found.append(Strided(self.pointer(place), steps, place.type).row(builder, counters))
            yield [place.pointer for place in found]

    def panels(self, matrix: StridedView, atom: Atom) -> ir.Value:
        """A matrix in panels; those of constants are packed before the scan."""
        if atom in self.context.packed:
            return self.context.packed[atom]
        if 1 not in matrix.strides:
            matrix = self.copied(matrix)
        depth, columns = matrix.type.shape
        transposed = matrix.strides[1] != 1
        tile = self.tiles[matrix.type.dtype.name]
        panels = self.arena.take(matrix.type, tile.packed_size(depth, columns))
        values = [depth, columns, matrix.strides[1 if transposed else 0], depth, 0]
        sizes = [index(value) for value in values]
        pack = declare_pack(self.builder.module, tile, transposed)
        operands = [*sizes[:2], self.pointer(matrix), sizes[2], panels, *sizes[3:]]
        self.builder.call(pack, operands)
        return panels
