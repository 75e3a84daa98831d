"""Lowering: a walk over a program in which rules say what happens to strided views of memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Generic, Protocol, TypeVar

from graphnet.errors import ProgramError
from graphnet.ir.core.program import Atom, Equation, Literal, Program, Var
from graphnet.ir.core.types import ArrayType, Shape
from graphnet.ir.primitives.pointwise import identity
from graphnet.native.analysis.strided_view import StridedView, collapsed
from graphnet.native.lowering.fusion import Unit, units_of

Panels = TypeVar("Panels")
"""A matrix in panels, as a lowering refers to it."""


class VectorForm(Enum):
    """The way in which a product of a matrix and a vector reads the matrix."""

    DOTS = "row by row: each entry is the product of a row and the vector"
    COLUMNS = "down all columns at once: each row of the transpose by a number of the vector"


@dataclass(frozen=True, slots=True)
class Products:
    """A batch of products: operands and target of its first entry; the sizes of the axes of the
    batch, and the strides of left, right and target along them."""

    left: StridedView
    right: StridedView
    target: StridedView
    sizes: Shape
    strides: tuple[Shape, ...]


class LoweringRule(Protocol):
    """The lowering of an equation outside of fused loops, the same for calls and code in line."""

    def __call__(self, lowering: Lowering[Panels], equation: Equation, /) -> None: ...


class Lowering(ABC, Generic[Panels]):
    """The lowering of a program to calls of kernels (``Scheduler``), or code in line (``Emitter``).

    Both walk over the same units of fusion and follow the same rules; they differ in where memory
    comes from, and in how a loop, a reduction and a product of matrices are made. ``places`` says
    where values lie.
    """

    largest_loop: ClassVar[int | None]
    """The most equations of one loop."""

    def __init__(self, places: dict[Atom, StridedView]) -> None:
        self.places = places

    def lower(self, program: Program) -> None:
        for unit in units_of(program, self.largest_loop):
            with self.around(unit.equations):
                self.unit(unit)

    def unit(self, unit: Unit) -> None:
        if unit.is_group:
            self.fuse(unit.equations, unit.stored)
            return
        (equation,) = unit.equations
        self.follow_rule(equation)

    # ---- what the two do in their own way

    @abstractmethod
    def follow_rule(self, equation: Equation) -> None:
        """Lower an equation outside of fused loops."""

    @abstractmethod
    def around(self, equations: Sequence[Equation]) -> AbstractContextManager[None]:
        """The context in which a unit is lowered."""

    @abstractmethod
    def constant(self, literal: Literal) -> StridedView:
        """The memory of a constant."""

    @abstractmethod
    def result(self, var: Var) -> StridedView:
        """The memory for a result."""

    @abstractmethod
    def temporary(self, type: ArrayType) -> StridedView:
        """Memory for a copy."""

    @abstractmethod
    def is_baked(self, atom: Atom) -> bool:
        """Whether a literal is written into the code of a loop, and not read."""

    @abstractmethod
    def emit_loop(
        self,
        equations: Sequence[Equation],
        reads: Mapping[Atom, StridedView],
        stores: Mapping[Var, StridedView],
        sizes: Shape,
        strides: Sequence[Shape],
    ) -> None:
        """A loop nest of these sizes; the strides are those of what is read, then stored."""

    @abstractmethod
    def emit_reduction(
        self,
        equation: Equation,
        source: StridedView,
        target: StridedView,
        kept: Sequence[int],
        reduced: Sequence[int],
    ) -> None:
        """A reduction over some axes of the source; the target has the others."""

    @abstractmethod
    def panels(self, matrix: StridedView, atom: Atom) -> Panels:
        """The right operand of a product, packed; ``atom`` is the value that the matrix views."""

    @abstractmethod
    def emit_product(
        self,
        equation: Equation,
        left: StridedView,
        panels: Panels,
        target: StridedView,
        start: StridedView | None,
    ) -> None:
        """``target = start + left @ panels``: of (rows, depth), whose rows or columns have stride
        1, and of rows of target and start at one distance."""

    @abstractmethod
    def emit_products(self, equation: Equation, batch: Products) -> None:
        """``target = left @ right`` for each entry: of operands rows or columns have stride 1, the
        target lies in one piece."""

    @abstractmethod
    def emit_vectors(self, form: VectorForm, batch: Products) -> None:
        """``target = left @ right`` for each entry, of a matrix (m, k) whose rows (``DOTS``) or
        columns have stride 1, a vector as one row (1, k), in one piece for ``DOTS``, and a target
        as one row (1, m) in one piece."""

    @abstractmethod
    def emit_concatenation(
        self, target: StridedView, parts: Sequence[tuple[StridedView, StridedView]]
    ) -> None:
        """Parts, each with its window of the target."""

    # ---- values

    def at(self, atom: Atom) -> StridedView:
        """The memory of a value."""
        if atom not in self.places:
            if not isinstance(atom, Literal):
                raise ProgramError(f"reads {atom.type}, which no equation before it defines")
            self.places[atom] = self.constant(atom)
        return self.places[atom]

    def allocate(self, var: Var) -> StridedView:
        """The memory for a result, known as its place from now on."""
        self.places[var] = self.result(var)
        return self.places[var]

    def copy(self, source: StridedView, target: StridedView) -> None:
        """Copy an array of one shape into another place."""
        before, after = Var(source.type), Var(target.type)
        equation = Equation(identity, (before,), {}, (after,), None)
        self.loop([equation], {before: source}, {after: target})

    def copied(self, place: StridedView) -> StridedView:
        target = self.temporary(place.type)
        self.copy(place, target)
        return target

    def contiguous(self, place: StridedView) -> StridedView:
        return place if place.is_contiguous else self.copied(place)

    # ---- loops

    def fuse(self, equations: Sequence[Equation], stored: Sequence[Var]) -> None:
        """One loop for equations of one shape."""
        inside = {equation.outputs[0] for equation in equations}
        operands = dict.fromkeys(
            atom
            for equation in equations
            for atom in equation.inputs
            if atom not in inside and not self.is_baked(atom)
        )
        reads = {atom: self.at(atom) for atom in operands}
        stores = {var: self.allocate(var) for var in stored}
        self.loop(equations, reads, stores)

    def loop(
        self,
        equations: Sequence[Equation],
        reads: Mapping[Atom, StridedView],
        stores: Mapping[Var, StridedView],
    ) -> None:
        shape = equations[0].outputs[0].type.shape
        spread = {a: p.broadcast(ArrayType(shape, a.type.dtype)) for a, p in reads.items()}
        sizes, strides = collapsed(shape, [*spread.values(), *stores.values()])
        if 0 not in sizes:
            self.emit_loop(equations, spread, stores, sizes, strides)
