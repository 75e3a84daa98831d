"""A product for each step, of which only the sum is read, is one product over all steps.

The gradient of a weight that nothing carried takes part in leaves its scan as such products: the
rows of all steps, one below the other, give their sum at once.
"""

from __future__ import annotations

from collections.abc import Mapping

from graphnet.ir.core.program import Atom, Equation, Program, Var, is_var
from graphnet.ir.primitives.product import matmul
from graphnet.ir.primitives.reduction import axes_of
from graphnet.ir.primitives.reduction import sum as sum_
from graphnet.ir.primitives.shaping import reshape, transpose
from graphnet.native.analysis.rewrite import TURNED, Rewriter, producers
from graphnet.native.passes.simplification.dead_code import everywhere


def join_batches(program: Program) -> Program:
    """The program with sums of products as products of what is stacked."""
    return everywhere(program, rewritten)


def rewritten(program: Program) -> Program:
    made = producers(program.equations)
    found: dict[Equation, tuple[Atom, Atom]] = {}
    for equation in program.equations:
        if (operands := summed_rows(equation, made)) is not None:
            found[equation] = operands
    if not found:
        return program
    new = Rewriter()
    for equation in program.equations:
        if equation not in found:
            new.keep(equation)
            continue
        (left, right), origin = new.atoms(found[equation]), equation.origin
        rows = [new.emit(reshape, (a,), {"shape": flat_shape(a)}, origin) for a in (left, right)]
        turned = new.emit(transpose, (rows[0],), {"axes": TURNED}, origin)
        new.append(Equation(matmul, (turned, rows[1]), {}, equation.outputs, origin))
    return Program(program.inputs, new.equations, program.outputs)


def summed_rows(equation: Equation, made: Mapping[Var, Equation]) -> tuple[Atom, Atom] | None:
    """The rows of a and b where an equation sums ``a.T @ b`` over the steps."""
    if equation.primitive is not sum_:
        return None
    (summed,) = equation.inputs
    product = made.get(summed) if is_var(summed) else None
    if product is None or product.primitive is not matmul:
        return None
    left, right = product.inputs
    turned = made.get(left) if is_var(left) else None
    if len(left.type.shape) != 3 or len(right.type.shape) != 3 or turned is None:
        return None
    is_turned = turned.primitive is transpose and tuple(turned.settings["axes"]) == (0, 2, 1)
    over_steps = axes_of(equation.settings["axis"], 3) == (0,) and not equation.settings["keepdims"]
    (a,) = turned.inputs[:1]
    return (a, right) if is_turned and over_steps and same_rows(a, right) else None


def same_rows(a: Atom, b: Atom) -> bool:
    return a.type.shape[:2] == b.type.shape[:2]


def flat_shape(atom: Atom) -> tuple[int, int]:
    steps, rows, columns = atom.type.shape
    return steps * rows, columns
