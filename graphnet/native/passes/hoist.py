"""Hoisting: what the steps of a scan compute without carried values is computed once, before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from graphnet.ir.product import matmul
from graphnet.ir.program import Atom, Equation, Program, Var, is_var
from graphnet.ir.shaping import broadcast
from graphnet.ir.types import ArrayType
from graphnet.native.passes.lifting import MOVES, Lifter, Operand, can_lift
from graphnet.native.passes.scans import Bound, Replacement, Scan, rewrite_scans

GROWTH = 2
"""A sequence that no product made may be so many times as large as those that it is made from."""


def hoist(program: Program) -> Program:
    """The program with what is free of carried values computed over all steps, before the scan.

    A slice times a matrix becomes one large product; its result enters the body as a sequence.
    """
    return rewrite_scans(program, hoist_scan)


@dataclass(slots=True)
class Plan:
    """Which values of the body are computed outside, and which of these the body still reads."""

    outside: set[Atom] = field(default_factory=set)
    entering: set[Var] = field(default_factory=set)


def hoist_scan(scan: Scan) -> Replacement | None:
    stepped = free_values(scan)
    free = [equation for equation in scan.equations if equation.outputs[0] in stepped]
    plan = planned(scan, free, stepped)
    if not plan.outside:
        return None
    lifter = Lifter(scan.length)
    found: dict[Atom, Operand] = {b.inside: Operand(b.outside, False) for b in scan.constants}
    found.update((b.inside, Operand(b.outside, True)) for b in scan.sequences)
    for equation in free:
        if equation.outputs[0] in plan.outside:
            operands = [found.get(atom, Operand(atom, False)) for atom in equation.inputs]
            found[equation.outputs[0]] = lifter.lift(equation, operands)
    renamed = {
        result.outside: found[result.inside].atom
        for result in scan.results
        if stepped.get(result.inside)
    }
    entering = [v for equation in free for v in equation.outputs if v in plan.entering]
    smaller = Scan(
        scan.equation,
        [*scan.constants, *(Bound(v, found[v].atom) for v in entering if not stepped[v])],
        scan.carried,
        [*scan.sequences, *(Bound(v, found[v].atom) for v in entering if stepped[v])],
        [result for result in scan.results if result.outside not in renamed],
        [e for e in scan.equations if plan.entering.isdisjoint(e.outputs)],
    )
    return Replacement([*lifter.equations, *smaller.rebuilt()], renamed)


def free_values(scan: Scan) -> dict[Atom, bool]:
    """The values of the body that no carried value takes part in: whether they differ by step."""
    stepped: dict[Atom, bool] = {bound.inside: False for bound in scan.constants}
    stepped.update((bound.inside, True) for bound in scan.sequences)
    for equation in scan.equations:
        if all(not is_var(atom) or atom in stepped for atom in equation.inputs):
            flags = [stepped.get(atom, False) for atom in equation.inputs]
            if can_lift(equation, flags):
                stepped[equation.outputs[0]] = any(flags)
    return stepped


def planned(scan: Scan, free: list[Equation], stepped: Mapping[Atom, bool]) -> Plan:
    """From the last equation to the first: what is read where.

    A free result need not pass through the scan. A free value that the body reads enters it if
    that pays, or if it is computed outside anyway; otherwise its equation stays.
    """
    plan = Plan()
    inside: set[Atom] = {value.leaves for value in scan.carried}
    for equation in scan.equations:
        if equation.outputs[0] not in stepped:
            inside.update(equation.inputs)
    for result in scan.results:
        (plan.outside if stepped.get(result.inside) else inside).add(result.inside)
    for equation in reversed(free):
        value = equation.outputs[0]
        if value in inside:
            computed = value in plan.outside and equation.primitive not in MOVES
            if computed or pays(equation, stepped):
                plan.outside.add(value)
                plan.entering.add(value)
            else:
                inside.update(equation.inputs)
        if value in plan.outside:
            plan.outside.update(atom for atom in equation.inputs if is_var(atom))
    return plan


def pays(equation: Equation, stepped: Mapping[Atom, bool]) -> bool:
    """Products pay. Moves cost nothing in the body. All else pays unless it grows: a mask of a few
    bytes a step that meets a constant would become a sequence as large as the constant."""
    value = equation.outputs[0]
    if not stepped[value]:
        return equation.primitive is not broadcast
    if equation.primitive in MOVES:
        return False
    if equation.primitive is matmul:
        return True
    operands = {atom for atom in equation.inputs if stepped.get(atom)}
    return nbytes(value.type) <= GROWTH * sum(nbytes(atom.type) for atom in operands)


def nbytes(type: ArrayType) -> int:
    return type.size * type.dtype.itemsize
