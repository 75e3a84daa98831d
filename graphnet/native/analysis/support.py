"""What has native rules, and what stays with the interpreter: asked before any code is made."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from graphnet.ir.core.program import Equation, Literal, Program
from graphnet.native.analysis.matmul_add import PRODUCTS
from graphnet.native.analysis.rewrite import VIEWS
from graphnet.native.llvm.elements import ELEMENTS, REGISTER

MOVES = {"concatenate", "unslice"}
REDUCTIONS = {"sum", "max"}
INDEXED = {"take", "scatter_add", "checked_lengths"}
FUNCTIONS = {"exp", "expm1", "log", "log1p", "sigmoid", "tanh", "sin", "cos", "power"}
POINTWISE = (set(ELEMENTS) | FUNCTIONS | {"cast"}) - VIEWS

LARGEST_LITERAL = 4096
"""How many numbers a constant may have that is written into the code of a scan."""
MOST_PRODUCTS = 256
"""A batch of products is one call for each; for more of them NumPy's loop is as good."""
MOST_ARRAYS = 1000
"""How many arrays a scan may read and write, roughly: a kernel gets a pointer to each."""
FLOATS = ("float32", "float64")


def reason_not_native(equation: Equation, inside: bool = False) -> str:
    """Why an equation (of a scan's body: ``inside``) has no native rule; empty if it has one."""
    name = equation.primitive.name
    for atom in (*equation.inputs, *equation.outputs):
        if atom.type.dtype.name not in REGISTER:
            return f"{name} of {atom.type}"
        if inside and isinstance(atom, Literal) and atom.value.size > LARGEST_LITERAL:
            return f"a constant {atom.type}"
    if name in VIEWS | MOVES | POINTWISE:
        return ""
    if name in REDUCTIONS:
        return "" if equation.outputs[0].type.dtype.kind != "b" else f"{name} of truth values"
    if name in PRODUCTS:
        return reason_for_product(equation, inside)
    if name == "scan" and not inside:
        return reason_for_body(equation.settings)
    return "" if name in INDEXED and not inside else name


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


def reason_for_body(settings: Mapping[str, object]) -> str:
    body = settings["body"]
    assert isinstance(body, Program)
    for atom in (*body.inputs, *body.outputs):
        if atom.type.dtype.name not in REGISTER:
            return f"values {atom.type}"
        if isinstance(atom, Literal) and atom.value.size > LARGEST_LITERAL:
            return f"a constant {atom.type}"
    if len(body.inputs) + len(body.outputs) > MOST_ARRAYS:
        return f"more than {MOST_ARRAYS:,} arrays"
    reasons = (reason_not_native(equation, inside=True) for equation in body.equations)
    return next(filter(None, reasons), "")
