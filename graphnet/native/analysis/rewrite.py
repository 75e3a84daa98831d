"""Rewriting programs: who reads what, what makes it, and a new program made from an old one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from graphnet.ir.core.primitive import Primitive
from graphnet.ir.core.program import Atom, Equation, Literal, Origin, Program, Var, is_var
from graphnet.ir.core.types import NDArray
from graphnet.ir.primitives import shaping
from graphnet.ir.primitives.scan import scan_primitive

TURNED = (1, 0)
"""The axes of the transpose of a matrix."""


def read_by(equation: Equation) -> list[Var]:
    """The values that an equation reads, once for each time that it reads them."""
    return [atom for atom in equation.inputs if isinstance(atom, Var)]


def read_counts(program: Program) -> dict[Var, int]:
    """The number of uses of each value by equations and outputs."""
    counts: dict[Var, int] = {}
    for equation in program.equations:
        for var in read_by(equation):
            counts[var] = counts.get(var, 0) + 1
    for atom in program.outputs:
        if is_var(atom):
            counts[atom] = counts.get(atom, 0) + 1
    return counts


def producers(equations: Iterable[Equation]) -> dict[Var, Equation]:
    """The equation that makes each value."""
    return {var: equation for equation in equations for var in equation.outputs}


def depending(equations: Iterable[Equation], sources: Iterable[Var]) -> set[Atom]:
    """The values that depend on one of the sources, which are among them."""
    found: set[Atom] = set(sources)
    for equation in equations:
        if not found.isdisjoint(equation.inputs):
            found.update(equation.outputs)
    return found


def feeding(equations: list[Equation], sinks: Iterable[Atom]) -> set[Var]:
    """The values that one of the sinks depends on; sinks are among them."""
    found = {atom for atom in sinks if is_var(atom)}
    for equation in reversed(equations):
        if not found.isdisjoint(equation.outputs):
            found.update(read_by(equation))
    return found


def uniform_value(atom: Atom, producer: Mapping[Var, Equation]) -> NDArray | None:
    """The number that stands in every place of this array, if the program says so: a literal
    without axes, or a broadcast one, which is how ``zeros`` are made."""
    if is_var(atom):
        equation = producer.get(atom)
        if equation is None or equation.primitive is not shaping.broadcast:
            return None
        atom = equation.inputs[0]
    return atom.value if isinstance(atom, Literal) and atom.value.ndim == 0 else None


class Rewriter:
    """A new program, made equation by equation from an old one; final.

    ``replaced`` says what stands for a value of the old program; a value that is not in it stands
    for itself, so what does not change is shared between the two programs.
    """

    def __init__(self) -> None:
        self.equations: list[Equation] = []
        self.producer: dict[Var, Equation] = {}
        self.replaced: dict[Atom, Atom] = {}

    def atom(self, atom: Atom) -> Atom:
        return self.replaced.get(atom, atom)

    def atoms(self, atoms: Iterable[Atom]) -> tuple[Atom, ...]:
        replaced = self.replaced
        return tuple([replaced.get(atom, atom) for atom in atoms])

    def append(self, equation: Equation) -> None:
        """Add an equation whose operands are those of the new program."""
        self.equations.append(equation)
        for var in equation.outputs:
            self.producer[var] = equation

    def keep(self, equation: Equation) -> None:
        """Add an equation of the old program."""
        self.append(with_inputs(equation, self.atoms(equation.inputs)))

    def emit(
        self,
        primitive: Primitive,
        inputs: tuple[Atom, ...],
        settings: Mapping[str, Any],
        origin: Origin | None = None,
    ) -> Var:
        """Add a new equation of one result, which is returned."""
        (type,) = primitive.output_types(inputs, settings)
        var = Var(type)
        self.append(Equation(primitive, inputs, settings, (var,), origin))
        return var


def with_inputs(equation: Equation, inputs: tuple[Atom, ...]) -> Equation:
    """The equation on other operands."""
    if inputs == equation.inputs:  # atoms are equal to themselves alone
        return equation
    return Equation(
        equation.primitive, inputs, equation.settings, equation.outputs, equation.origin
    )


def is_scan(equation: Equation) -> bool:
    return equation.primitive is scan_primitive


def is_transpose(equation: Equation) -> bool:
    """Whether it turns a matrix: rows become columns."""
    return equation.primitive is shaping.transpose and tuple(equation.settings["axes"]) == TURNED
