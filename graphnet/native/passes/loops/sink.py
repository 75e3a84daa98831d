"""Sinking: what no later step of a scan reads is computed once, after it: sums and products."""

from __future__ import annotations

from collections.abc import Callable
from graphlib import TopologicalSorter

from graphnet.ir.core.primitive import Linearity, Primitive, PrimitiveKind
from graphnet.ir.core.program import Atom, Equation, Literal, Program, Var, is_var
from graphnet.ir.core.types import normalise_axis
from graphnet.ir.primitives import pointwise, shaping
from graphnet.ir.primitives.indexing import scatter_add, slice_
from graphnet.ir.primitives.product import matmul
from graphnet.ir.primitives.reduction import axes_of
from graphnet.ir.primitives.reduction import sum as sum_
from graphnet.native.analysis.rewrite import producers, read_by
from graphnet.native.passes.loops.deferrable import Deferrable, Stacks
from graphnet.native.passes.loops.scans import Carried, Replacement, Result, Scan, rewrite_scans


def sink(program: Program) -> Program:
    """The program with running sums of products and sums taken once, after the scan, and with
    products by constants that only results read taken there too."""
    return rewrite_scans(program, sink_scan)


def sink_scan(scan: Scan) -> Replacement | None:
    """Tries all running sums at once; without those that cannot leave, it begins again."""
    sums = running_sums(scan)
    while True:
        staying = [value for value in scan.carried if value not in sums]
        late = Deferrable(scan, staying)
        stacks = Stacks(scan, late)
        renamed: dict[Var, Atom] = {
            result.outside: stacks.operand(result.inside).atom
            for result in scan.results
            if result.inside in late.leaving
        }
        totals = Totals(late, stacks)
        left = totals.finals(sums)
        if len(left) == len(sums):
            break
        sums = {value: added for value, added in sums.items() if value.final in left}
    renamed.update(left)
    if not renamed:
        return None
    results = [result for result in stacks.results if result.outside not in renamed]
    old = {result.outside for result in scan.results}
    scan.results, slices = without_parts(results, old, scan.equations)
    scan.carried = staying
    return Replacement([*scan.rebuilt(), *slices, *stacks.vectorizer.equations], renamed)


def without_parts(
    results: list[Result], old: set[Var], equations: list[Equation]
) -> tuple[list[Result], list[Equation]]:
    """The results, and the equations after the scan that make those of them that are new and only
    a part of joined arrays that are stacked too: as slices of that stack."""
    stack = {result.inside: result.outside for result in results}
    whole = {inside for inside, outside in stack.items() if outside not in old}
    joins = [e for e in equations if e.primitive is shaping.concatenate and e.outputs[0] in stack]
    beginning: dict[Atom, list[Equation]] = {}
    for join in joins:
        beginning.setdefault(join.inputs[0], []).append(join)
    slices: list[Equation] = []
    for join in reversed(joins):
        axis = normalise_axis(join.settings["axis"], len(join.outputs[0].type.shape))
        start = 0
        for index, first in enumerate(join.inputs):
            smaller = [e.outputs[0] for e in beginning.get(first, ()) if stands_in(e, join, index)]
            for part in (*smaller, first):
                if part in whole:
                    whole.discard(part)
                    operand = stack[join.outputs[0]]
                    window = [(0, size, 1) for size in operand.type.shape]
                    window[axis + 1] = (start, start + part.type.shape[axis], 1)
                    settings = {"window": tuple(window)}
                    slices.append(
                        Equation(slice_, (operand,), settings, (stack[part],), join.origin)
                    )
            start += first.type.shape[axis]
    kept = [r for r in results if r.inside in whole or r.outside in old]
    return kept, makers_first(slices)


def makers_first(slices: list[Equation]) -> list[Equation]:
    """Slices each behind the one that it is cut from: a part of a part comes last."""
    made = producers(slices)
    sources = {equation: [made[v] for v in read_by(equation) if v in made] for equation in slices}
    return list(TopologicalSorter(sources).static_order())


def stands_in(part: Equation, join: Equation, index: int) -> bool:
    """Whether the parts of a shorter concatenation are those of this one from ``index`` on."""
    count = len(part.inputs)
    return (
        count < len(join.inputs)
        and part.inputs == join.inputs[index : index + count]
        and part.settings["axis"] == join.settings["axis"]
    )


def is_zero(atom: Atom) -> bool:
    """Whether a sum begins from nothing: that of a scan inside, whose sums then leave both."""
    return isinstance(atom, Literal) and not atom.value.any()


def follows_sums(equation: Equation) -> bool:
    """Whether the sum of its results over the steps is the same function of the sums of its
    operands. Sums have rules of their own, which sum all axes at once."""
    primitive = equation.primitive
    return primitive.linear is Linearity.JOINTLY and primitive.kind is not PrimitiveKind.REDUCTION


def running_sums(scan: Scan) -> dict[Carried, Atom | None]:
    """The carried values that each step only adds to, and what it adds (None: nothing)."""
    readers: dict[Atom, int] = {}
    for atom in (*(a for e in scan.equations for a in e.inputs), *scan.leaving()):
        readers[atom] = readers.get(atom, 0) + 1
    made = {var: equation for equation in scan.equations for var in equation.outputs}
    sums: dict[Carried, Atom | None] = {}
    for value in scan.carried:
        if readers.get(value.enters) != 1 or readers[value.leaves] != 1:
            continue
        if value.leaves is value.enters:
            sums[value] = None
            continue
        equation = made.get(value.leaves) if is_var(value.leaves) else None
        if equation is not None and equation.primitive is pointwise.add:
            added = [atom for atom in equation.inputs if atom is not value.enters]
            if len(added) == 1 and added[0].type == value.enters.type:
                sums[value] = added[0]
    return sums


class Totals:
    """Sums over all steps of values that are added up in each step; final."""

    def __init__(self, late: Deferrable, stacks: Stacks) -> None:
        self.late = late
        self.stacks = stacks
        self.vectorizer = stacks.vectorizer
        self.rules: dict[Primitive, Callable[[Equation], Atom | None]] = {
            matmul: self.total_of_product,
            sum_: self.total_of_sum,
            scatter_add: self.total_of_scattered,
        }

    def finals(self, sums: dict[Carried, Atom | None]) -> dict[Var, Atom]:
        """What the running sums that can leave come to.

        A sum leaves only if something else has stacked what is summed: so whoever did not find it
        is asked again.
        """
        finals: dict[Var, Atom] = {
            value.final: value.initial for value, added in sums.items() if added is None
        }
        found = -1
        while found < len(finals):
            found = len(finals)
            for value, added in sums.items():
                if value.final not in finals and added is not None:
                    total = self.total(added)
                    if total is not None and is_zero(value.initial):
                        finals[value.final] = total
                    elif total is not None:
                        finals[value.final] = self.vectorizer.emit(
                            pointwise.add, value.initial, total
                        )
        return finals

    def total(self, atom: Atom) -> Atom | None:
        """The sum of a value over the steps, or None where it is better added up in the scan."""
        linear: dict[Atom, Equation | None] = {}
        pending = [atom]
        while pending:
            value = pending.pop()
            if value not in linear:
                linear[value] = equation = self.linear(value)
                pending += equation.inputs if equation else ()
        totals: dict[Atom, Atom | None] = {}
        for value in self.late.in_order(linear):
            equation = linear[value]
            if equation is None:
                totals[value] = self.own_total(value)
                continue
            parts = [part for part in map(totals.get, equation.inputs) if part is not None]
            totals[value] = None
            if len(parts) == len(equation.inputs):
                self.vectorizer.origin = equation.origin
                totals[value] = self.vectorizer.emit(
                    equation.primitive, *parts, **equation.settings
                )
        return totals[atom]

    def linear(self, atom: Atom) -> Equation | None:
        """The equation of a value whose sum is made of the sums of what the equation reads."""
        equation = None if atom in self.stacks.found else self.late.maker(atom)
        return equation if equation is not None and follows_sums(equation) else None

    def own_total(self, atom: Atom) -> Atom | None:
        known = self.stacks.found.get(atom)
        if known is not None:
            return self.over_steps(known.atom, ()) if known.stepped else None
        equation = self.late.maker(atom)
        if equation is None or atom in self.late.staying:
            return None
        self.vectorizer.origin = equation.origin
        rule = self.rules.get(equation.primitive)
        return rule(equation) if rule else None

    def over_steps(self, atom: Atom, axes: tuple[int, ...]) -> Atom:
        """The sum over the steps and over axes of each step."""
        axis = (0, *(axis + 1 for axis in axes))
        return self.vectorizer.emit(sum_, atom, axis=axis, keepdims=False)

    def total_of_product(self, equation: Equation) -> Atom | None:
        """The sum of a @ b over the steps is one product: the columns of all a, side by side, by
        the rows of all b, one below the other."""
        left, right = equation.inputs
        if len(left.type.shape) > 2 and left.type.shape[:-2] == right.type.shape[:-2]:
            return self.total_of_products(equation)
        if len(left.type.shape) != 2 or len(right.type.shape) != 2:
            return None
        a, b = self.columns(left), self.rows(right)
        if a is None or b is None:
            return None
        self.vectorizer.origin = equation.origin
        transposed = self.vectorizer.emit(shaping.transpose, a, axes=(1, 0))
        return self.vectorizer.emit(matmul, transposed, b)

    def total_of_products(self, equation: Equation) -> Atom | None:
        """The same for each entry of a batch."""
        operands = [self.stacks.operand(atom) for atom in equation.inputs]
        if not all(operand.stepped for operand in operands):
            return None
        self.vectorizer.origin = equation.origin
        batch = tuple(range(1, len(equation.inputs[0].type.shape) - 1))
        rows, depth = equation.inputs[0].type.shape[-2:]
        joined = self.vectorizer.length * depth
        after = (batch[-1] + 1, batch[-1] + 2)
        orders = ((*batch, after[0], 0, after[1]), (*batch, 0, *after))
        shapes = ((rows, joined), (joined, equation.inputs[1].type.shape[-1]))
        outer = equation.inputs[0].type.shape[:-2]
        sides = [
            self.vectorizer.reshape(
                self.vectorizer.emit(shaping.transpose, operand.atom, axes=axes), (*outer, *ends)
            )
            for operand, axes, ends in zip(operands, orders, shapes, strict=True)
        ]
        return self.vectorizer.emit(matmul, *sides)

    def rows(self, atom: Atom) -> Atom | None:
        """The matrices of all steps one below the other."""
        operand = self.stacks.operand(atom)
        rows, columns = atom.type.shape
        if not operand.stepped:
            return None
        return self.vectorizer.reshape(operand.atom, (self.vectorizer.length * rows, columns))

    def columns(self, atom: Atom) -> Atom | None:
        """The transposed matrices of all steps one below the other."""
        equation = self.late.maker(atom)
        is_transpose = equation is not None and equation.primitive is shaping.transpose
        if equation is not None and is_transpose and tuple(equation.settings["axes"]) == (1, 0):
            return self.rows(equation.inputs[0])
        operand = self.stacks.operand(atom)
        if not operand.stepped:
            return None
        rows, columns = atom.type.shape
        turned = self.vectorizer.emit(shaping.transpose, operand.atom, axes=(0, 2, 1))
        return self.vectorizer.reshape(turned, (self.vectorizer.length * columns, rows))

    def total_of_sum(self, equation: Equation) -> Atom | None:
        """The sum of a sequence, or of what something else has stacked: to stack a value only for
        this is dearer than to add up a row in each step."""
        (summed,) = equation.inputs
        if not self.stacks.is_at_hand(summed):
            return None
        operand = self.stacks.operand(summed)
        if not operand.stepped:
            return None
        self.vectorizer.origin = equation.origin
        axes = axes_of(equation.settings["axis"], len(summed.type.shape))
        return self.vectorizer.reshape(
            self.over_steps(operand.atom, axes), equation.outputs[0].type.shape
        )

    def total_of_scattered(self, equation: Equation) -> Atom | None:
        operands = [self.stacks.operand(atom) for atom in equation.inputs]
        if not all(operand.stepped for operand in operands):
            return None
        self.vectorizer.origin = equation.origin
        atoms = [operand.atom for operand in operands]
        return self.vectorizer.emit(scatter_add, *atoms, **equation.settings)
