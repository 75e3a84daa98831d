"""Loop-invariant code motion: products without carried values are computed before the scan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from graphnet.ir.core.program import Atom, Equation, Program, Var, is_var
from graphnet.ir.primitives.indexing import take
from graphnet.ir.primitives.pointwise import add
from graphnet.ir.primitives.product import matmul
from graphnet.ir.primitives.shaping import broadcast
from graphnet.native.analysis.matmul_add import is_row
from graphnet.native.analysis.rewrite import producers, read_counts
from graphnet.native.passes.loops.scans import Replacement, Result, Scan, rewrite_scans
from graphnet.native.passes.loops.vectorize import Operand, Vectorizer, can_vectorize


def hoist(program: Program) -> Program:
    """The program with what pays by it computed before the scan, if no carried value takes part.

    A slice times a matrix becomes one large product, whose result enters the body as a sequence.
    Pointwise work on slices stays: fused into the step it reads what is in the cache, outside it
    would write and read whole sequences.
    """
    return rewrite_scans(program, hoist_scan)


@dataclass(slots=True)
class Hoisting:
    """The values of the body that are computed outside, and those of them that the body reads."""

    outside: set[Atom] = field(default_factory=set)
    entering: set[Atom] = field(default_factory=set)


def hoist_scan(scan: Scan) -> Replacement | None:
    stepped = free_values(scan)
    free = [equation for equation in scan.equations if equation.outputs[0] in stepped]
    plan = planned(scan, free, stepped, paying(scan, free, stepped))
    if not plan.outside:
        return None
    vectorizer = Vectorizer(scan.length)
    found: dict[Atom, Operand] = {v: Operand(a, False) for v, a in scan.constants.items()}
    found.update((v, Operand(a, True)) for v, a in scan.sequences.items())
    for equation in free:
        if equation.outputs[0] in plan.outside:
            operands = [found.get(atom) or Operand(atom, False) for atom in equation.inputs]
            found[equation.outputs[0]] = vectorizer.vectorized(equation, operands)
    renamed = {
        result.outside: found[result.inside].atom
        for result in scan.results
        if result.inside in plan.outside and stepped.get(result.inside)
    }
    for equation in free:
        for value in equation.outputs:
            if value in plan.entering:
                kind = scan.sequences if stepped[value] else scan.constants
                kind[value] = found[value].atom
    scan.results = [result for result in scan.results if result.outside not in renamed]
    scan.equations = [e for e in scan.equations if plan.entering.isdisjoint(e.outputs)]
    return Replacement([*vectorizer.equations, *scan.rebuilt()], renamed)


def free_values(scan: Scan) -> dict[Atom, bool]:
    """The values of the body that no carried value takes part in: whether they differ by step."""
    stepped: dict[Atom, bool] = dict.fromkeys(scan.constants, False)
    stepped.update(dict.fromkeys(scan.sequences, True))
    for equation in scan.equations:
        if all(not is_var(atom) or atom in stepped for atom in equation.inputs):
            flags = [stepped.get(atom, False) for atom in equation.inputs]
            if can_vectorize(equation, flags):
                stepped[equation.outputs[0]] = any(flags)
    return stepped


def planned(
    scan: Scan, free: list[Equation], stepped: Mapping[Atom, bool], paying: set[Equation]
) -> Hoisting:
    """From the last equation to the first: what is read where.

    A free value that the body reads enters it if that pays, or if it is computed outside anyway;
    otherwise its equation stays. A free result leaves the scan, unless the body computes it anyway.
    """
    inside: set[Atom] = {value.leaves for value in scan.carried}
    for equation in scan.equations:
        if equation.outputs[0] not in stepped:
            inside.update(equation.inputs)
    inside.update(result.inside for result in scan.results if not stepped.get(result.inside))
    staying = staying_results(scan.results, free, stepped, inside, paying)
    inside |= staying
    plan = Hoisting({r.inside for r in scan.results if stepped.get(r.inside)} - staying)
    for equation in reversed(free):
        value = equation.outputs[0]
        if value in inside:
            computed = value in plan.outside and not equation.primitive.is_view
            if computed or equation in paying:
                plan.outside.add(value)
                plan.entering.add(value)
            else:
                inside.update(equation.inputs)
        if value in plan.outside:
            plan.outside.update(atom for atom in equation.inputs if is_var(atom))
    return plan


def staying_results(
    results: Iterable[Result],
    free: list[Equation],
    stepped: Mapping[Atom, bool],
    inside: set[Atom],
    paying: set[Equation],
) -> set[Atom]:
    """The free results that the body computes anyway, or from what it computes anyway: outside,
    their operands would be computed or stacked once more."""
    computed = set(inside)
    for equation in reversed(free):
        if equation.outputs[0] in computed and equation not in paying:
            computed.update(equation.inputs)
    staying: set[Atom] = set()
    for equation in free:
        value = equation.outputs[0]
        if not stepped[value] or equation in paying:
            continue
        own = value in computed and not equation.primitive.is_view
        if own or not staying.isdisjoint(equation.inputs):
            staying.add(value)
    return staying.intersection(result.inside for result in results)


def paying(scan: Scan, free: list[Equation], stepped: Mapping[Atom, bool]) -> set[Equation]:
    """Products pay, and what is the same at each step, if more than a repetition is computed.

    So do rows that are looked up, for which a body has no machine code.
    A bias leaves with a product that nothing else reads: there it costs nothing (``accumulate``).
    """
    counts, made = read_counts(scan.body()), producers(free)
    found: set[Equation] = set()
    for equation in free:
        if not stepped[equation.outputs[0]]:
            pays = equation.primitive is not broadcast
        elif equation.primitive is add:
            pays = adds_bias(equation, stepped, made, counts)
        else:
            pays = equation.primitive in (matmul, take)
        if pays:
            found.add(equation)
    return found


def adds_bias(
    equation: Equation,
    stepped: Mapping[Atom, bool],
    made: Mapping[Var, Equation],
    counts: Mapping[Var, int],
) -> bool:
    """Whether an addition is of a product that leaves, and of one row for all steps."""
    for product, bias in (equation.inputs, equation.inputs[::-1]):
        maker = made.get(product) if is_var(product) and counts[product] == 1 else None
        if maker is not None and maker.primitive is matmul:
            right = maker.inputs[1]
            is_large = len(right.type.shape) == 2 and not stepped.get(right, False)
            is_fixed = not stepped.get(bias, False)
            if is_large and is_fixed and is_row(bias.type, product.type.shape[-1]):
                return product.type == equation.outputs[0].type
    return False
