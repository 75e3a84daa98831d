"""Identities of primitives that move values: see ``identities.py``."""

from __future__ import annotations

import numpy as np

from graphnet.ir.core.program import Atom, Equation, is_var
from graphnet.ir.core.types import normalise_axis
from graphnet.ir.primitives import indexing, shaping
from graphnet.native.passes.simplification.candidate import Candidate, same_bits

Bounds = tuple[int, int, int]


def moved(call: Candidate) -> Atom | Candidate | None:
    """Values moved within an array of one number; or not moved at all."""
    (x,) = call.inputs
    value = call.uniform(x)
    if value is not None and is_var(x):
        return call.filled(value)
    return None


def reshaped(call: Candidate) -> Atom | Candidate | None:
    (x,) = call.inputs
    if x.type == call.type:
        return x
    if equation := call.made_by(x, call.primitive):  # both for reshape and for broadcast
        return call.on(*equation.inputs)
    return moved(call)


def transposed(call: Candidate) -> Atom | Candidate | None:
    (x,), axes = call.inputs, call.settings["axes"]
    if tuple(axes) == tuple(range(len(axes))):
        return x
    if equation := call.made_by(x, shaping.transpose):
        inner = equation.settings["axes"]
        return call.to(
            shaping.transpose, *equation.inputs, axes=tuple(inner[axis] for axis in axes)
        )
    return moved(call)


def sliced(call: Candidate) -> Atom | Candidate | None:
    (x,), window = call.inputs, call.settings["window"]
    if x.type == call.type:
        return x
    if equation := call.made_by(x, indexing.slice_):
        pairs = zip(equation.settings["window"], window, strict=True)
        return call.to(
            indexing.slice_, *equation.inputs, window=tuple(inner(*pair) for pair in pairs)
        )
    if equation := call.made_by(x, shaping.concatenate):
        return sliced_part(call, equation)
    if (equation := call.made_by(x, indexing.unslice)) and equation.settings["window"] == window:
        return equation.inputs[0]
    return moved(call)


def inner(outer: Bounds, window: Bounds) -> Bounds:
    """The bounds of a window within a window, in terms of what both look at."""
    start, _, step = outer
    count = len(range(*window))
    first, stride = start + window[0] * step, step * window[2]
    return (first, first + (count - 1) * stride + 1, stride) if count else (0, 0, 1)


def sliced_part(call: Candidate, joined: Equation) -> Candidate | None:
    """A slice of joined arrays that lies in one of them."""
    window = call.settings["window"]
    axis = normalise_axis(joined.settings["axis"], len(window))
    start, stop, step = window[axis]
    before = 0
    for part in joined.inputs:
        after = before + part.type.shape[axis]
        if before <= start < stop <= after:
            bounds = (start - before, stop - before, step)
            return call.to(
                indexing.slice_, part, window=(*window[:axis], bounds, *window[axis + 1 :])
            )
        before = after
    return None


def unsliced(call: Candidate) -> Atom | Candidate | None:
    (x,) = call.inputs
    if x.type == call.type:
        return x
    return call.filled(np.zeros(())) if call.is_all(x, 0) else None


def joined(call: Candidate) -> Atom | Candidate | None:
    if len(call.inputs) == 1:
        return call.inputs[0]
    numbers = [call.uniform(atom) for atom in call.inputs]
    first = numbers[0]
    if first is not None and all(n is not None and same_bits(n, first) for n in numbers):
        return call.filled(first)
    return None
