"""Rewriting programs: who reads what, a new program made from an old one, the parts of a scan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphnet.ir.primitive import Primitive
from graphnet.ir.program import Atom, Equation, Literal, Origin, Program, Var, is_var
from graphnet.ir.scan import scan_primitive
from graphnet.ir.types import NDArray


def read_by(equation: Equation) -> Iterator[Var]:
    """The values that an equation reads, once for each time that it reads them."""
    return (atom for atom in equation.inputs if is_var(atom))


def read_counts(program: Program) -> dict[Var, int]:
    """How often each value is read by the equations and the outputs of a program."""
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


def depending(equations: Iterable[Equation], sources: Iterable[Var]) -> set[Var]:
    """The values that depend on one of the sources, which are among them."""
    found = set(sources)
    for equation in equations:
        if any(var in found for var in read_by(equation)):
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
        if equation is None or equation.primitive.name != "broadcast":
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
        self.replaced: dict[Var, Atom] = {}

    def atom(self, atom: Atom) -> Atom:
        return self.replaced.get(atom, atom) if is_var(atom) else atom

    def atoms(self, atoms: Iterable[Atom]) -> tuple[Atom, ...]:
        return tuple(self.atom(atom) for atom in atoms)

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
    if all(new is old for new, old in zip(inputs, equation.inputs, strict=True)):
        return equation
    return Equation(
        equation.primitive, inputs, equation.settings, equation.outputs, equation.origin
    )


@dataclass(slots=True, eq=False)
class Carried:
    """A carried value: what the body receives and gives, what enters the scan and leaves it."""

    input: Var
    output: Atom
    initial: Atom
    final: Var


@dataclass(slots=True)
class ScanParts:
    """A scan taken apart, to be changed and put together again.

    ``constants`` and ``sequences`` map inputs of the body to operands of the scan; ``results`` are
    pairs of a value of the body and the stack of it.
    """

    constants: dict[Var, Atom]
    carried: list[Carried]
    sequences: dict[Var, Atom]
    equations: list[Equation]
    results: list[tuple[Atom, Var]]
    length: int
    reverse: bool
    origin: Origin | None

    @staticmethod
    def of(equation: Equation) -> ScanParts:
        settings, operands = equation.settings, equation.inputs
        body: Program = settings["body"]
        first, count = settings["constants"], settings["carried"]
        after = first + count
        return ScanParts(
            dict(zip(body.inputs[:first], operands[:first], strict=True)),
            [
                Carried(*item)
                for item in zip(
                    body.inputs[first:after],
                    body.outputs[:count],
                    operands[first:after],
                    equation.outputs[:count],
                    strict=True,
                )
            ],
            dict(zip(body.inputs[after:], operands[after:], strict=True)),
            body.equations,
            list(zip(body.outputs[count:], equation.outputs[count:], strict=True)),
            settings["length"],
            settings["reverse"],
            equation.origin,
        )

    def body(self) -> Program:
        inputs = (*self.constants, *[c.input for c in self.carried], *self.sequences)
        outputs = (*[c.output for c in self.carried], *[atom for atom, _ in self.results])
        return Program(inputs, self.equations, outputs)

    def equation(self) -> Equation:
        initial = [c.initial for c in self.carried]
        operands = (*self.constants.values(), *initial, *self.sequences.values())
        outputs = (*[c.final for c in self.carried], *[stack for _, stack in self.results])
        settings = {
            "body": self.body(),
            "constants": len(self.constants),
            "carried": len(self.carried),
            "length": self.length,
            "reverse": self.reverse,
        }
        return Equation(scan_primitive, operands, settings, outputs, self.origin)


def is_scan(equation: Equation) -> bool:
    return equation.primitive is scan_primitive
