"""Row by row: a sum over the batch that every step adds up is taken once, after the scan.

The gradient of a gain or of a peephole sums over the rows of the batch in each step. Where the scan
adds up the rows themselves instead, each row depends on the same row of everything else alone: the
code fits any batch, and threads can share the rows.
"""

from __future__ import annotations

from collections.abc import Hashable

from graphnet.ir.core.program import Atom, Equation, Program, Var, is_var, literal
from graphnet.ir.primitives.pointwise import add
from graphnet.ir.primitives.reduction import axes_of
from graphnet.ir.primitives.reduction import sum as sum_
from graphnet.ir.primitives.shaping import broadcast
from graphnet.native.analysis.batch_axis import for_any_rows
from graphnet.native.analysis.rewrite import producers
from graphnet.native.passes.loops.scans import Carried, Replacement, Scan, rewrite_scans
from graphnet.native.passes.loops.sink import follows_sums, running_sums
from graphnet.native.passes.loops.vectorize import Vectorizer


def rowwise(program: Program) -> Program:
    """The program with running sums over rows taken after the scan, where rows do not mix then."""
    return rewrite_scans(program, rowwise_scan)


def rowwise_scan(scan: Scan) -> Replacement | None:
    if keeps_rows(scan):
        return None
    sums = Unsummed(scan)
    for value, added in running_sums(scan).items():
        if added is not None:
            sums.take_out(value, added)
    if not sums.renamed:
        return None
    scan.carried = [c for c in scan.carried if c.final not in sums.renamed]
    scan.carried += sums.carried.values()
    scan.equations = [*scan.equations, *sums.steps.equations]
    rebuilt = scan.rebuilt()
    if not keeps_rows(scan):  # something else mixes them, and a row is cheaper to carry than many
        return None
    return Replacement([*sums.before.equations, *rebuilt, *sums.after.equations], sums.renamed)


def keeps_rows(scan: Scan) -> bool:
    return for_any_rows(scan.body(), len(scan.constants), len(scan.carried)) is not None


class Unsummed:
    """Running sums of a scan, and what is carried in their place; final.

    ``before`` and ``after`` the scan, and at the end of its ``steps``, stand new equations.
    """

    def __init__(self, scan: Scan) -> None:
        self.made = producers(scan.equations)
        self.order: dict[Atom, int] = {var: index for index, var in enumerate(self.made)}
        self.before, self.steps, self.after = (Vectorizer(scan.length) for _ in range(3))
        self.carried: dict[Hashable, Carried] = {}
        self.renamed: dict[Var, Atom] = {}

    def take_out(self, value: Carried, added: Atom) -> None:
        """Let a running sum be made after the scan, if all that it adds up is summed over rows."""
        linear = self.linear(added)
        if linear is None:
            return
        totals: dict[Atom, Atom] = {}
        for equation in linear:
            (result,) = equation.outputs
            self.after.origin = equation.origin
            if equation.primitive is sum_:
                totals[result] = self.total(equation)
            else:
                operands = [totals[atom] for atom in equation.inputs]
                totals[result] = self.after.emit(equation.primitive, *operands, **equation.settings)
        self.renamed[value.final] = self.after.emit(add, value.initial, totals[added])

    def linear(self, atom: Atom) -> list[Equation] | None:
        """The equations that make a value from sums over rows, and these; None where it is made of
        anything else."""
        found: dict[Atom, Equation] = {}
        pending = [atom]
        while pending:
            value = pending.pop()
            if value in found:
                continue
            equation = self.made.get(value) if is_var(value) else None
            if equation is None or not (sums_rows(equation) or follows_sums(equation)):
                return None
            found[value] = equation
            if not sums_rows(equation):
                pending += equation.inputs
        return [found[value] for value in sorted(found, key=lambda value: self.order[value])]

    def total(self, equation: Equation) -> Atom:
        """The sum over the rows and all steps, after the scan."""
        (summed,), (result,) = equation.inputs, equation.outputs
        axes = axes_of(equation.settings["axis"], len(summed.type.shape))
        rows = self.over_steps(summed, axes[1:], equation)
        total = self.after.emit(sum_, rows, axis=(0,), keepdims=False)
        return self.after.reshape(total, result.type.shape)

    def over_steps(self, summed: Atom, axes: tuple[int, ...], equation: Equation) -> Atom:
        """The sum of the rows over the steps, each summed over all other axes in its step."""
        key = (summed, axes)
        if key not in self.carried:
            self.steps.origin = self.before.origin = equation.origin
            if axes:
                summed = self.steps.emit(sum_, summed, axis=axes, keepdims=False)
            zero = literal(0, dtype=summed.type.dtype)
            initial = self.before.emit(broadcast, zero, shape=summed.type.shape)
            enters = Var(summed.type)
            leaves = self.steps.emit(add, enters, summed)
            self.carried[key] = Carried(enters, leaves, initial, Var(summed.type))
        return self.carried[key].final


def sums_rows(equation: Equation) -> bool:
    if equation.primitive is not sum_:
        return False
    return 0 in axes_of(equation.settings["axis"], len(equation.inputs[0].type.shape))
