"""Dead code: equations, and operands, carried values and results of scans, that nobody needs."""

from __future__ import annotations

from collections.abc import Iterable

from graphnet.ir.program import Atom, Equation, Program, Var, is_var
from graphnet.native.rewrite import ScanParts, is_scan, producers, read_by

LASTING = {"call", "checked_lengths"}
"""Primitives that do something besides their results: a user's function, an error to report."""


def remove_dead_code(program: Program) -> Program:
    """Only what the outputs need; scans compute, carry and stack only what is read of them."""
    needed = {atom for atom in program.outputs if is_var(atom)}
    kept: list[Equation] = []
    for equation in reversed(program.equations):
        if needed.isdisjoint(equation.outputs):
            if not is_lasting(equation):
                continue
        elif is_scan(equation):
            equation = narrowed(equation, needed)
        kept.append(equation)
        needed.update(read_by(equation))
    return Program(program.inputs, kept[::-1], program.outputs)


def is_lasting(equation: Equation) -> bool:
    return equation.primitive.name in LASTING or any(
        is_lasting(inner) for body in equation.bodies() for inner in body.equations
    )


def narrowed(equation: Equation, needed: set[Var]) -> Equation:
    """The scan with only those operands and outputs that what is needed of it needs."""
    parts = ScanParts.of(equation)
    parts.results = [(atom, stack) for atom, stack in parts.results if stack in needed]
    demanded = demanded_values(parts, needed)
    parts.carried = [c for c in parts.carried if c.final in needed or c.input in demanded]
    body = remove_dead_code(parts.body())
    read = {var for inner in body.equations for var in read_by(inner)}
    read.update(atom for atom in body.outputs if is_var(atom))
    parts.equations = body.equations
    parts.constants = {var: atom for var, atom in parts.constants.items() if var in read}
    parts.sequences = {var: atom for var, atom in parts.sequences.items() if var in read}
    return parts.equation()


def demanded_values(parts: ScanParts, needed: set[Var]) -> set[Var]:
    """The values of a body that the needed outputs need, at this step or at a later one: whoever
    reads a carried value needs what the step before gave for it."""
    carried: dict[Atom, Atom] = {c.input: c.output for c in parts.carried}
    producer = producers(parts.equations)
    waiting: list[Atom] = [c.output for c in parts.carried if c.final in needed]
    waiting += [atom for atom, _ in parts.results]
    waiting += [var for inner in parts.equations if is_lasting(inner) for var in read_by(inner)]
    found: set[Var] = set()
    while waiting:
        atom = waiting.pop()
        if not is_var(atom) or atom in found:
            continue
        found.add(atom)
        waiting += causes(atom, carried, producer)
    return found


def causes(var: Var, carried: dict[Atom, Atom], producer: dict[Var, Equation]) -> Iterable[Atom]:
    if var in carried:
        return [carried[var]]
    return producer[var].inputs if var in producer else []
