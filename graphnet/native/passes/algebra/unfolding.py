"""Folded rows: in a step, a product keeps the axes that its operand had before they were folded.

The gradient of a product by a matrix folds all axes but the last into rows. With its own axes the
batch stays the first one, so that threads can share it. Where the matrices have one column and one
row, what is left are products of numbers, which a loop computes together with others.
"""

from __future__ import annotations

from collections.abc import Mapping

from graphnet.ir.core.program import Atom, Equation, Program, Var, is_var
from graphnet.ir.primitives.pointwise import multiply
from graphnet.ir.primitives.product import matmul
from graphnet.ir.primitives.shaping import reshape
from graphnet.native.analysis.rewrite import Rewriter, producers
from graphnet.native.passes.loops.scans import with_bodies


def unfold(program: Program) -> Program:
    """The program with products of folded rows in the bodies of its scans on unfolded ones."""
    return with_bodies(program, unfolded)


def unfolded(body: Program) -> Program:
    body = with_bodies(body, unfolded)
    made = producers(body.equations)
    new = Rewriter()
    for equation in body.equations:
        product = product_of_folded(equation, made)
        if product is not None:
            left = made[product.inputs[0]].inputs[0]  # type: ignore[index]
            shape = (*equation.outputs[0].type.shape[:-1], product.inputs[0].type.shape[-1])
            operands = new.atoms((left, product.inputs[1]))
            if left.type.shape != shape:
                settings = {"shape": shape}
                operands = (new.emit(reshape, operands[:1], settings, product.origin), operands[1])
            new.append(multiplied(Equation(matmul, operands, {}, equation.outputs, product.origin)))
        elif equation.primitive is matmul and len(equation.inputs[1].type.shape) > 2:
            inputs = new.atoms(equation.inputs)
            new.append(multiplied(Equation(matmul, inputs, {}, equation.outputs, equation.origin)))
        else:
            new.keep(equation)
    return Program(body.inputs, new.equations, body.outputs).pruned()


def product_of_folded(equation: Equation, made: Mapping[Var, Equation]) -> Equation | None:
    """The product by a matrix whose rows an equation gives back the axes of their operand."""
    product = maker(equation.inputs[0], made) if equation.primitive is reshape else None
    if product is None or product.primitive is not matmul:
        return None
    left, right = product.inputs
    folding = maker(left, made)
    if folding is None or folding.primitive is not reshape or len(right.type.shape) != 2:
        return None
    shape, before = equation.outputs[0].type.shape, folding.inputs[0].type.shape
    fits = len(left.type.shape) == 2 and len(shape) > 1 and shape[-1] == right.type.shape[1]
    return product if fits and before[:1] == shape[:1] else None


def maker(atom: Atom, made: Mapping[Var, Equation]) -> Equation | None:
    return made.get(atom) if is_var(atom) else None


def multiplied(product: Equation) -> Equation:
    """A product of columns and rows of one number each as a pointwise one."""
    left = product.inputs[0]
    if len(left.type.shape) < 2 or left.type.shape[-1] != 1:
        return product
    return Equation(multiply, product.inputs, {}, product.outputs, product.origin)
