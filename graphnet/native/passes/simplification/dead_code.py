"""Dead code: equations, and operands, carried values and results of scans, that nobody needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from graphnet.ir.core.program import Atom, Equation, Program, Var, is_var
from graphnet.native.analysis.rewrite import is_scan, producers, read_by
from graphnet.native.passes.loops.scans import Scan, with_bodies


def remove_dead_code(program: Program) -> Program:
    """Only what the outputs need; scans compute, carry and stack only what is read of them."""
    return program.pruned(narrowed)


def everywhere(program: Program, rewrite: Callable[[Program], Program]) -> Program:
    """The program rewritten, its bodies before it, without what nobody needs any more; the program
    itself where nothing is rewritten."""

    def inside(part: Program) -> Program:
        return rewrite(with_bodies(part, inside))

    after = inside(program)
    return program if after is program else remove_dead_code(after)


def narrowed(equation: Equation, needed: set[Var]) -> Equation:
    """A scan with only those operands and outputs that what is needed of it needs."""
    if not is_scan(equation):
        return equation
    scan = Scan.of(equation)
    scan.results = [result for result in scan.results if result.outside in needed]
    if any(c.final not in needed for c in scan.carried):
        demanded = demanded_values(scan, needed)
        scan.carried = [c for c in scan.carried if c.final in needed or c.enters in demanded]
    scan.equations = remove_dead_code(scan.body()).equations
    scan.drop_unread_operands()
    return scan.equation()


def demanded_values(scan: Scan, needed: set[Var]) -> set[Var]:
    """The values of a body that the needed outputs need, at this step or at a later one: whoever
    reads a carried value needs what the step before gave for it."""
    carried: dict[Atom, Atom] = {c.enters: c.leaves for c in scan.carried}
    producer = producers(scan.equations)
    waiting: list[Atom] = [c.leaves for c in scan.carried if c.final in needed]
    waiting += [result.inside for result in scan.results]
    waiting += [var for inner in scan.equations if inner.has_effect() for var in read_by(inner)]
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
