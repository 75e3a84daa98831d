"""Identities of pointwise primitives and of sums: see ``identities.py``."""

from __future__ import annotations

import numpy as np

from graphnet.ir.core.program import Atom
from graphnet.ir.primitives import pointwise, shaping
from graphnet.native.passes.simplification.candidate import Candidate


def only_operand(call: Candidate) -> Atom:
    return call.inputs[0]


def added(call: Candidate) -> Atom | Candidate | None:
    a, b = call.inputs
    if call.is_all(b, 0):
        return call.operand(a)
    if call.is_all(a, 0):
        return call.operand(b)
    if equation := call.made_by(b, pointwise.negative):
        return call.to(pointwise.subtract, a, equation.inputs[0])
    if equation := call.made_by(a, pointwise.negative):
        return call.to(pointwise.subtract, b, equation.inputs[0])
    return None


def subtracted(call: Candidate) -> Atom | Candidate | None:
    a, b = call.inputs
    if call.is_all(b, 0):
        return call.operand(a)
    if equation := call.made_by(b, pointwise.negative):
        return call.to(pointwise.add, a, equation.inputs[0])
    return None


def multiplied(call: Candidate) -> Atom | Candidate | None:
    for factor, other in (call.inputs, call.inputs[::-1]):
        if call.is_all(factor, 1):
            return call.operand(other)
        if call.is_all(factor, -1) and other.type == call.type:
            return call.to(pointwise.negative, other)
    return None


def divided(call: Candidate) -> Atom | Candidate | None:
    return call.operand(call.inputs[0]) if call.is_all(call.inputs[1], 1) else None


def negated(call: Candidate) -> Atom | None:
    equation = call.made_by(call.inputs[0], pointwise.negative)
    return equation.inputs[0] if equation else None


def same_operands(call: Candidate) -> Atom | None:
    return call.inputs[0] if call.inputs[0] is call.inputs[1] else None


def selected(call: Candidate) -> Atom | Candidate | None:
    condition, a, b = call.inputs
    known = call.uniform(condition)
    if a is b or known is not None:
        return call.operand(a if known is None or known else b)
    return None


def converted(call: Candidate) -> Atom | None:
    return call.inputs[0] if call.inputs[0].type == call.type else None


def summed(call: Candidate) -> Atom | Candidate | None:
    (x,) = call.inputs
    if x.type.size == call.type.size:  # only axes of size 1 vanish
        return x if x.type == call.type else call.to(shaping.reshape, x, shape=call.type.shape)
    return call.filled(np.zeros(())) if call.is_all(x, 0) else None
