"""A scan taken apart by the roles of its values, put together again, and replaced in a program."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from graphnet.ir.core.program import Atom, Equation, Origin, Program, Var, is_var
from graphnet.ir.primitives.scan import scan_primitive
from graphnet.native.analysis.rewrite import is_scan, with_inputs


@dataclass(slots=True, eq=False)
class Carried:
    """A value that one step leaves to the next, and what it is before and after all steps."""

    enters: Var
    leaves: Atom
    initial: Atom
    final: Var


class Result(NamedTuple):
    """A value of each step, stacked over the steps outside."""

    inside: Atom
    outside: Var


@dataclass(slots=True, eq=False)
class Scan:
    """An equation of the primitive scan by roles, to be changed and put together again.

    ``constants`` and ``sequences`` map inputs of the body to operands of the scan.
    """

    constants: dict[Var, Atom]
    carried: list[Carried]
    sequences: dict[Var, Atom]
    equations: list[Equation]
    results: list[Result]
    length: int
    reverse: bool
    origin: Origin | None

    @staticmethod
    def of(equation: Equation) -> Scan:
        settings, operands, outputs = equation.settings, equation.inputs, equation.outputs
        body: Program = settings["body"]
        first, count = settings["constants"], settings["carried"]
        after = first + count
        enters, initial = body.inputs[first:after], operands[first:after]
        return Scan(
            dict(zip(body.inputs[:first], operands[:first], strict=True)),
            list(map(Carried, enters, body.outputs[:count], initial, outputs[:count])),
            dict(zip(body.inputs[after:], operands[after:], strict=True)),
            body.equations,
            list(map(Result, body.outputs[count:], outputs[count:])),
            settings["length"],
            settings["reverse"],
            equation.origin,
        )

    def leaving(self) -> list[Atom]:
        """The outputs of the body."""
        return [value.leaves for value in self.carried] + [r.inside for r in self.results]

    def body(self) -> Program:
        inputs = (*self.constants, *[c.enters for c in self.carried], *self.sequences)
        return Program(inputs, self.equations, tuple(self.leaving()))

    def equation(self) -> Equation:
        initial = [c.initial for c in self.carried]
        operands = (*self.constants.values(), *initial, *self.sequences.values())
        outputs = (*[c.final for c in self.carried], *[r.outside for r in self.results])
        settings = {
            "body": self.body(),
            "constants": len(self.constants),
            "carried": len(self.carried),
            "length": self.length,
            "reverse": self.reverse,
        }
        return Equation(scan_primitive, operands, settings, outputs, self.origin)

    def rebuilt(self) -> list[Equation]:
        """The equation again, without what nothing reads; no equation if it has no outputs."""
        if not self.carried and not self.results:
            return []
        self.equations = self.body().pruned().equations
        self.drop_unread_operands()
        return [self.equation()]

    def drop_unread_operands(self) -> None:
        read = {atom for equation in self.equations for atom in equation.inputs}
        read.update(self.leaving())
        self.constants = {var: atom for var, atom in self.constants.items() if var in read}
        self.sequences = {var: atom for var, atom in self.sequences.items() if var in read}


@dataclass(frozen=True, slots=True)
class Replacement:
    """The equations in the place of a scan, and what its former outputs are now called."""

    equations: list[Equation]
    renamed: dict[Var, Atom]


def rewrite_scans(program: Program, rewrite: Callable[[Scan], Replacement | None]) -> Program:
    """The program with each scan replaced, those inside of bodies first.

    ``rewrite`` returns None for a scan that stays as it is. A program in which nothing changes is
    returned itself.
    """
    renamed: dict[Var, Atom] = {}
    equations: list[Equation] = []
    changed = False
    for equation in program.equations:
        current = equation
        if renamed:
            current = with_inputs(equation, rename(equation.inputs, renamed))
        replacement = None
        if is_scan(current):
            current = with_body(current, rewrite_scans(current.settings["body"], rewrite))
            replacement = rewrite(Scan.of(current))
        if replacement is None:
            equations.append(current)
        else:
            equations += replacement.equations
            renamed.update(replacement.renamed)
        changed = changed or replacement is not None or current is not equation
    if not changed:
        return program
    return Program(program.inputs, equations, rename(program.outputs, renamed))


def rename(atoms: Iterable[Atom], renamed: dict[Var, Atom]) -> tuple[Atom, ...]:
    return tuple(renamed.get(atom, atom) if is_var(atom) else atom for atom in atoms)


def with_body(equation: Equation, body: Program) -> Equation:
    """The scan with another body; itself if that is the one it has."""
    if body is equation.settings["body"]:
        return equation
    settings = {**equation.settings, "body": body}
    return Equation(
        equation.primitive, equation.inputs, settings, equation.outputs, equation.origin
    )


def with_bodies(program: Program, rewrite: Callable[[Program], Program]) -> Program:
    """The program with the bodies of its scans rewritten; itself if none of them changes."""
    if not any(map(is_scan, program.equations)):
        return program
    equations = [
        with_body(equation, rewrite(equation.settings["body"])) if is_scan(equation) else equation
        for equation in program.equations
    ]
    if equations == program.equations:
        return program
    return Program(program.inputs, equations, program.outputs)
