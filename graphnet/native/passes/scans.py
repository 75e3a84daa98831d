"""A scan taken apart by the roles of its values, put together again, and replaced in a program."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from graphnet.ir.program import Atom, Equation, Program, Var, is_var
from graphnet.ir.scan import scan_primitive


@dataclass(frozen=True, slots=True)
class Bound:
    """A constant or a sequence of a scan: what the body reads, and what it stands for outside."""

    inside: Var
    outside: Atom


@dataclass(frozen=True, slots=True)
class Carried:
    """A value that one step leaves to the next."""

    enters: Var
    leaves: Atom
    initial: Atom
    final: Var


@dataclass(frozen=True, slots=True)
class Result:
    """A value of each step, stacked over the steps outside."""

    inside: Atom
    outside: Var


@dataclass(slots=True, eq=False)
class Scan:
    """An equation of the primitive scan, by roles."""

    equation: Equation
    constants: list[Bound]
    carried: list[Carried]
    sequences: list[Bound]
    results: list[Result]
    equations: list[Equation]

    @property
    def length(self) -> int:
        length: int = self.equation.settings["length"]
        return length

    def leaving(self) -> list[Atom]:
        """The outputs of the body."""
        return [value.leaves for value in self.carried] + [r.inside for r in self.results]

    def rebuilt(self) -> list[Equation]:
        """The equation again, without what nothing reads; no equation if it has no outputs."""
        inputs = (
            *(bound.inside for bound in self.constants),
            *(value.enters for value in self.carried),
            *(bound.inside for bound in self.sequences),
        )
        body = Program(inputs, self.equations, tuple(self.leaving())).pruned()
        read = {atom for equation in body.equations for atom in equation.inputs}
        read.update(body.outputs)
        constants = [bound for bound in self.constants if bound.inside in read]
        sequences = [bound for bound in self.sequences if bound.inside in read]
        if not body.outputs:
            return []
        settings = dict(self.equation.settings)
        settings["constants"] = len(constants)
        settings["carried"] = len(self.carried)
        kept = {bound.inside for bound in (*constants, *sequences)}
        kept.update(value.enters for value in self.carried)
        settings["body"] = Program(
            tuple(var for var in inputs if var in kept), body.equations, body.outputs
        )
        operands = (
            *(bound.outside for bound in constants),
            *(value.initial for value in self.carried),
            *(bound.outside for bound in sequences),
        )
        outputs = (*(v.final for v in self.carried), *(r.outside for r in self.results))
        return [Equation(scan_primitive, operands, settings, outputs, self.equation.origin)]


def taken_apart(equation: Equation) -> Scan:
    """A scan by roles."""
    body: Program = equation.settings["body"]
    constants: int = equation.settings["constants"]
    carried: int = equation.settings["carried"]
    bounds = [Bound(*pair) for pair in zip(body.inputs, equation.inputs, strict=True)]
    entering = bounds[constants : constants + carried]
    return Scan(
        equation,
        bounds[:constants],
        [
            Carried(bound.inside, leaves, bound.outside, final)
            for bound, leaves, final in zip(
                entering, body.outputs[:carried], equation.outputs[:carried], strict=True
            )
        ],
        bounds[constants + carried :],
        [
            Result(*pair)
            for pair in zip(body.outputs[carried:], equation.outputs[carried:], strict=True)
        ],
        body.equations,
    )


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
        current = with_bodies(renamed_inputs(equation, renamed), rewrite)
        replacement = None
        if current.primitive is scan_primitive:
            replacement = rewrite(taken_apart(current))
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


def renamed_inputs(equation: Equation, renamed: dict[Var, Atom]) -> Equation:
    if not any(is_var(atom) and atom in renamed for atom in equation.inputs):
        return equation
    return Equation(
        equation.primitive,
        rename(equation.inputs, renamed),
        equation.settings,
        equation.outputs,
        equation.origin,
    )


def with_bodies(equation: Equation, rewrite: Callable[[Scan], Replacement | None]) -> Equation:
    settings = {
        name: rewrite_scans(value, rewrite) if isinstance(value, Program) else value
        for name, value in equation.settings.items()
    }
    if all(settings[name] is value for name, value in equation.settings.items()):
        return equation
    return Equation(
        equation.primitive, equation.inputs, settings, equation.outputs, equation.origin
    )
