"""Loop fusion: which pointwise equations of one shape a single loop computes."""

from __future__ import annotations

from dataclasses import dataclass, field

from graphnet.ir.core.primitive import PrimitiveKind
from graphnet.ir.core.program import Equation, Program, Var, is_var
from graphnet.ir.core.types import Shape


@dataclass(eq=False)
class Unit:
    """Equations that one loop computes, or a single one of another kind."""

    equations: list[Equation]
    is_group: bool
    stored: list[Var] = field(default_factory=list)
    """Of a group: the results that something outside of it reads."""

    @property
    def shape(self) -> Shape:
        return self.equations[0].outputs[0].type.shape


def units_of(program: Program, largest: int | None = None) -> list[Unit]:
    """The equations in an order of execution, pointwise ones together where that is possible, at
    most ``largest`` of them.

    A group stays open until something reads it from outside, or element by element in another
    order; so groups that are open at one time do not depend on each other.
    """
    grouping = Grouping(largest or len(program.equations))
    for equation in program.equations:
        grouping.add(equation)
    units = grouping.finished()
    mark_stored(program, units)
    return units


class Grouping:
    """The units so far; final."""

    def __init__(self, largest: int) -> None:
        self.largest = largest
        self.units: list[Unit] = []
        self.open: dict[Shape, Unit] = {}
        self.maker: dict[Var, Unit] = {}

    def add(self, equation: Equation) -> None:
        shape = equation.outputs[0].type.shape if equation.outputs else ()
        own = self.open.get(shape) if is_fusible(equation) else None
        for atom in equation.inputs:
            unit = self.maker.get(atom) if is_var(atom) else None
            if unit is not None and (unit is not own or atom.type.shape != shape):
                self.close(unit)
        if not is_fusible(equation):
            self.units.append(Unit([equation], False))
            return
        group = self.open.get(shape)
        if group is not None and len(group.equations) >= self.largest:
            self.close(group)
            group = None
        if group is None:
            group = self.open[shape] = Unit([], True)
        group.equations.append(equation)
        for var in equation.outputs:
            self.maker[var] = group

    def close(self, unit: Unit) -> None:
        """From now on the group is complete, and comes before all that is added."""
        if self.open.get(unit.shape) is unit:
            del self.open[unit.shape]
            self.units.append(unit)

    def finished(self) -> list[Unit]:
        for unit in list(self.open.values()):
            self.close(unit)
        return self.units


def is_fusible(equation: Equation) -> bool:
    """Whether a loop computes it together with others."""
    return equation.primitive.kind is PrimitiveKind.POINTWISE


def mark_stored(program: Program, units: list[Unit]) -> None:
    maker = {var: unit for unit in units for e in unit.equations for var in e.outputs}
    outside: dict[Var, None] = {}
    for unit in units:
        for equation in unit.equations:
            for atom in equation.inputs:
                if is_var(atom) and maker.get(atom, unit) is not unit:
                    outside[atom] = None
    outside.update((atom, None) for atom in program.outputs if is_var(atom))
    for var in outside:
        if var in maker and maker[var].is_group:
            maker[var].stored.append(var)
