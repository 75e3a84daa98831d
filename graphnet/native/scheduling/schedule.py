"""Scheduling: a walk over a program that leaves a list of kernel calls behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from graphnet.errors import ProgramError
from graphnet.ir.core.program import Atom, Equation, Literal, Program, Var
from graphnet.ir.core.types import ArrayType
from graphnet.ir.primitives.pointwise import identity
from graphnet.native.analysis.fusion import Unit, units_of
from graphnet.native.analysis.strided_view import StridedView, collapsed
from graphnet.native.codegen.elementwise import is_number
from graphnet.native.codegen.kernel_cache import KernelCode, Kernels
from graphnet.native.codegen.loop_kernels import inner_stride
from graphnet.native.codegen.scan_body import StepRule
from graphnet.native.faults import stage
from graphnet.native.llvm.functions import Element
from graphnet.native.runtime.dispatcher import Sharing
from graphnet.native.scheduling.buffers import Base, Buffer, Role
from graphnet.native.scheduling.calls import Call, nbytes, pointer

MANY = 128
"""From so many kernels on, loops are single equations, which recur: a program of thousands of
loops, no two alike, would take a minute to compile."""

CallRule = Callable[["Scheduler", Equation], None]
"""Appends the calls of an equation outside of fused loops."""


@dataclass(frozen=True, slots=True)
class NativeRule:
    """The rules of a primitive; None where there is none.

    ``element`` computes vectors in fused loops; ``call`` appends calls of kernels outside of scans;
    ``step`` emits code in line in the body of one.
    """

    element: Element | None = None
    call: CallRule | None = None
    step: StepRule | None = None


class Scheduler:
    """Walks over a program and collects calls; final.

    ``concatenated`` holds arrays that are not materialised yet, with source and target of each
    part: joined weights are mostly packed part by part.
    """

    def __init__(self, program: Program, kernels: Kernels, rules: Mapping[str, NativeRule]) -> None:
        self.program, self.kernels, self.rules = program, kernels, rules
        self.calls: list[Call] = []
        self.constants: list[Literal] = []
        self.places: dict[Atom, StridedView] = {}
        self.packed: dict[tuple[object, ...], Buffer] = {}
        self.concatenated: dict[
            Buffer, tuple[StridedView, list[tuple[StridedView, StridedView]]]
        ] = {}
        self.flag = Buffer(Base.FLAG, 0, 8)
        self.equations: tuple[Equation, ...] = ()
        for i, var in enumerate(program.inputs):
            self.places[var] = StridedView.of(Buffer(Base.INPUT, i, nbytes(var.type)), var.type)

    def run(self) -> None:
        for unit in units_of(self.program):
            self.equations = tuple(unit.equations)
            with stage("scheduling", self.equations):
                self.unit(unit)
        for atom in self.program.outputs:
            self.materialise(self.at(atom))

    def unit(self, unit: Unit) -> None:
        if unit.is_group:
            self.group(unit)
            return
        (equation,) = unit.equations
        rule = self.rules[equation.primitive.name].call
        assert rule is not None
        rule(self, equation)

    # ---- places

    def at(self, atom: Atom) -> StridedView:
        if atom not in self.places:
            if not isinstance(atom, Literal):
                raise ProgramError(f"reads {atom.type}, which no equation before it defines")
            buffer = Buffer(Base.CONSTANT, len(self.constants), nbytes(atom.type))
            self.constants.append(atom)
            self.places[atom] = StridedView.of(buffer, atom.type)
        return self.places[atom]

    def allocate(self, var: Var) -> StridedView:
        """A new array for a result."""
        self.places[var] = self.new(var.type, role=Role.VALUES, var=var)
        return self.places[var]

    def new(
        self,
        type: ArrayType,
        count: int | None = None,
        role: Role = Role.COPY,
        var: Var | None = None,
    ) -> StridedView:
        size = nbytes(type) if count is None else count * type.dtype.itemsize
        return StridedView.of(Buffer(Base.ARENA, -1, size, role, self.equations, var), type)

    def call(
        self,
        code: KernelCode,
        places: Sequence[StridedView | None],
        arguments: Sequence[int],
        cost: float,
        sharing: Sharing = Sharing.SHARED,
    ) -> Call:
        for place in places:
            if place is not None:
                self.materialise(place)
        pointers = [(None, 0) if place is None else pointer(place) for place in places]
        made = Call(code, pointers, list(arguments), cost, sharing, self.equations)
        self.calls.append(made)
        return made

    def materialise(self, place: StridedView) -> None:
        """Copy the parts of a joined array into it, if that was not done yet."""
        _, parts = self.concatenated.pop(place.pointer, (place, []))
        for source, part in parts:
            self.copy(source, part)

    # ---- loops

    def group(self, unit: Unit) -> None:
        if len(self.kernels.asked) < MANY:
            self.fuse(unit.equations, unit.stored)
            return
        for equation in unit.equations:
            self.equations = (equation,)
            self.fuse([equation], equation.outputs)

    def fuse(self, equations: Sequence[Equation], stored: Sequence[Var]) -> None:
        """One loop for equations of one shape."""
        inside = {equation.outputs[0] for equation in equations}
        operands = dict.fromkeys(
            atom
            for equation in equations
            for atom in equation.inputs
            if atom not in inside and not is_baked(atom)
        )
        reads = {atom: self.at(atom) for atom in operands}
        stores = {var: self.allocate(var) for var in stored}
        self.loop(equations, equations[0].outputs[0].type.shape, reads, stores)

    def loop(
        self,
        equations: Sequence[Equation],
        shape: tuple[int, ...],
        reads: dict[Atom, StridedView],
        stores: dict[Var, StridedView],
    ) -> None:
        spread = {a: p.broadcast(ArrayType(shape, a.type.dtype)) for a, p in reads.items()}
        places = [*spread.values(), *stores.values()]
        sizes, strides = collapsed(shape, places)
        if 0 in sizes:
            return
        inner = tuple(inner_stride(row[-1]) for row in strides)
        code = self.kernels.loop(equations, tuple(spread), tuple(stores), len(sizes), inner)
        outer = [
            row[:-1] if last is not None else row for row, last in zip(strides, inner, strict=True)
        ]
        arguments = [*sizes, *(stride for row in outer for stride in row)]
        cost = prod(sizes) * (len(equations) + len(places))
        self.call(code, places, arguments, cost)

    def copy(self, source: StridedView, target: StridedView) -> None:
        before, after = Var(source.type), Var(target.type)
        equation = Equation(identity, (before,), {}, (after,), None)
        self.loop([equation], target.type.shape, {before: source}, {after: target})

    def copied(self, place: StridedView) -> StridedView:
        target = self.new(place.type)
        self.copy(place, target)
        return target

    def contiguous(self, place: StridedView) -> StridedView:
        return place if place.is_contiguous else self.copied(place)


NICE = 16
"""Small whole numbers are part of the code; others, such as 1 / batch, are read, so that another
one needs no other code."""


def is_baked(atom: Atom) -> bool:
    """Whether a literal is written into the code of a loop."""
    if not isinstance(atom, Literal) or not is_number(atom):
        return False
    value = float(atom.value.item())
    return abs(value) <= NICE and (2 * value).is_integer()
