"""Support: which equations have native rules, and why others run interpreted."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from graphnet.ir.core.primitive import Kind
from graphnet.ir.core.program import Equation, Literal, Program
from graphnet.native.llvm.elements import REGISTER
from graphnet.native.scheduling.rules import NONE, RULES

LARGEST_LITERAL = 4096
"""Largest size of a constant that is part of the code of a scan."""
MOST_PRODUCTS = 256
"""A batch of products is one call for each; for more of them NumPy's loop is as good."""
MOST_ARRAYS = 1000
"""Most arrays that a scan may read and write, roughly: a kernel gets a pointer to each."""
FLOATS = ("float32", "float64")


def reason_not_native(equation: Equation, inside: bool = False) -> str:
    """Why an equation (of a scan's body: ``inside``) has no native rule; empty if it has one."""
    name = equation.primitive.name
    for atom in (*equation.inputs, *equation.outputs):
        if atom.type.dtype.name not in REGISTER:
            return f"{name} of {atom.type}"
        if inside and isinstance(atom, Literal) and atom.value.size > LARGEST_LITERAL:
            return f"a constant {atom.type}"
    rule = RULES.get(name, NONE)
    if not (rule.element or (rule.rule and not (inside and rule.only_outside))):
        return name
    limited = REASONS.get(equation.primitive.kind)
    return limited(equation, inside) if limited else ""


def reason_for_reduction(equation: Equation, inside: bool) -> str:
    is_truth = equation.outputs[0].type.dtype.kind == "b"
    return f"{equation.primitive.name} of truth values" if is_truth else ""


def reason_for_product(equation: Equation, inside: bool) -> str:
    left, right = equation.inputs[:2]
    described = f"matmul of {left.type} and {right.type}"
    if left.type.dtype.name not in FLOATS:
        return described
    batches = prod(right.type.shape[:-2])
    if len(right.type.shape) > 2 and (inside or batches > MOST_PRODUCTS):
        return described
    if len(right.type.shape) > 2 and len(left.type.shape) > len(right.type.shape):
        return described
    return ""


def reason_for_body(equation: Equation, inside: bool) -> str:
    body: Program = equation.settings["body"]
    for atom in (*body.inputs, *body.outputs):
        if atom.type.dtype.name not in REGISTER:
            return f"values {atom.type}"
        if isinstance(atom, Literal) and atom.value.size > LARGEST_LITERAL:
            return f"a constant {atom.type}"
    if len(body.inputs) + len(body.outputs) > MOST_ARRAYS:
        return f"more than {MOST_ARRAYS:,} arrays"
    reasons = (reason_not_native(inner, inside=True) for inner in body.equations)
    return next(filter(None, reasons), "")


REASONS: dict[Kind, Callable[[Equation, bool], str]] = {
    Kind.REDUCTION: reason_for_reduction,
    Kind.PRODUCT: reason_for_product,
    Kind.CONTROL: reason_for_body,
}
"""Of which equations a rule does not hold, by the kind of the primitive."""
