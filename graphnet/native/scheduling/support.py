"""Support: which equations have native rules, and why others run interpreted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

from graphnet.ir.core.primitive import PrimitiveKind
from graphnet.ir.core.program import Atom, Equation, Literal, Program
from graphnet.native.llvm.elements import REGISTER
from graphnet.native.lowering.contraction import labels_and_sizes
from graphnet.native.scheduling.rules import NONE, RULES

LARGEST_LITERAL = 4096
"""Largest size of a constant that is part of the code of a scan."""
MOST_WHOLE = 1 << 22
"""Most terms of a product of whole numbers: they are all in memory before they are added up."""
MOST_PRODUCTS = 256
"""Most products of a contraction in a scan: each is emitted by itself."""
MOST_ARRAYS = 1000
"""Most arrays that a scan may read and write, roughly: a kernel gets a pointer to each."""
FLOATS = ("float32", "float64")


@dataclass(frozen=True, slots=True)
class Reason:
    """The reason for interpreting an equation; final."""

    lacking: str
    """The operation without a kernel, in words."""
    is_of_body: bool = False
    """Whether an equation of the body has it, outside of scans, too: the compilation of the body
    reports that."""


def reason_not_native(equation: Equation, inside: bool = False) -> Reason | None:
    """Why an equation (of a scan's body: ``inside``) has no machine code; None if it has some."""
    name = equation.primitive.name
    for atom in (*equation.inputs, *equation.outputs):
        if atom.type.dtype.name not in REGISTER:
            return Reason(f"{name} of {atom.type}")
        if inside and is_large(atom):
            return Reason(f"a constant {atom.type}")
    rule = RULES.get(name, NONE)
    if rule == NONE or (inside and rule.scheduling and not (rule.in_line or rule.lowering)):
        return Reason(name)
    limited = LIMITS.get(equation.primitive.kind)
    return limited(equation, inside) if limited else None


def is_large(atom: Atom) -> bool:
    return isinstance(atom, Literal) and atom.value.size > LARGEST_LITERAL


def limit_of_product(equation: Equation, inside: bool) -> Reason | None:
    left, right = (atom.type for atom in equation.inputs[:2])
    is_limited = left.dtype.name not in FLOATS and (
        left.dtype.kind == "b" or equation.multiply_adds() > MOST_WHOLE
    )
    return Reason(f"matmul of {left} and {right}") if is_limited else None


def limit_of_contraction(equation: Equation, inside: bool) -> Reason | None:
    labels, sizes = labels_and_sizes(equation)
    types = [atom.type for atom in equation.inputs]
    batches = prod(sizes[letter] for letter in labels.batch)
    is_limited = types[0].dtype.name not in FLOATS or (inside and batches > MOST_PRODUCTS)
    return Reason(f"einsum of {types[0]} and {types[1]}") if is_limited else None


def limit_of_body(equation: Equation, inside: bool) -> Reason | None:
    body: Program = equation.settings["body"]
    for atom in (*body.inputs, *body.outputs):
        if atom.type.dtype.name not in REGISTER:
            return Reason(f"values {atom.type}")
        if is_large(atom):
            return Reason(f"a constant {atom.type}")
    if len(body.inputs) + len(body.outputs) > MOST_ARRAYS:
        return Reason(f"more than {MOST_ARRAYS:,} arrays")
    for inner in body.equations:
        reason = reason_not_native(inner, inside=True)
        if reason:
            return Reason(reason.lacking, is_of_body=reason_not_native(inner) is not None)
    return None


LIMITS: dict[PrimitiveKind, Callable[[Equation, bool], Reason | None]] = {
    PrimitiveKind.PRODUCT: limit_of_product,
    PrimitiveKind.CONTRACTION: limit_of_contraction,
    PrimitiveKind.CONTROL: limit_of_body,
}
"""Of which equations a rule does not hold, by the kind of the primitive."""
