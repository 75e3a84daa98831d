"""Identities: what an equation may be replaced with, whatever the values of its operands.

All are exact, for NaN and infinities too, but for the sign of zero: x + 0 counts as x, though
-0.0 + 0.0 is 0.0, and sums of zeros count as 0.0. A product with zeros is never dropped, since
0 * inf is NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphnet.ir import indexing, pointwise, product, reduction, shaping
from graphnet.ir.interpreter import execute_equation
from graphnet.ir.primitive import Primitive
from graphnet.ir.program import Atom, Equation, Literal, Var, is_var, literal
from graphnet.ir.types import ArrayType, NDArray, normalise_axis
from graphnet.native.rewrite import uniform_value

POINTWISE = {item for item in vars(pointwise).values() if isinstance(item, Primitive)}
Bounds = tuple[int, int, int]
FOLDED = POINTWISE | {
    shaping.reshape,
    shaping.transpose,
    shaping.concatenate,
    indexing.slice_,
    reduction.sum,
    reduction.max,
    product.matmul,
}
"""Computed at once on literals, where the result is no larger than they are."""


@dataclass(frozen=True, slots=True)
class Call:
    """A primitive applied to operands: an equation whose results have no names yet."""

    primitive: Primitive
    inputs: tuple[Atom, ...]
    settings: Mapping[str, Any]
    type: ArrayType
    producer: Mapping[Var, Equation]

    def on(self, *inputs: Atom) -> Call:
        return Call(self.primitive, inputs, self.settings, self.type, self.producer)

    def to(self, primitive: Primitive, *inputs: Atom, **settings: Any) -> Call:
        """Another call that gives the same."""
        return Call(primitive, inputs, settings, self.type, self.producer)

    def made_by(self, atom: Atom, primitive: Primitive) -> Equation | None:
        """The equation that made this operand, if it is of this primitive."""
        equation = self.producer.get(atom) if is_var(atom) else None
        return equation if equation is not None and equation.primitive is primitive else None

    def uniform(self, atom: Atom) -> NDArray | None:
        return uniform_value(atom, self.producer)

    def is_all(self, atom: Atom, number: float) -> bool:
        value = self.uniform(atom)
        return value is not None and bool(value == number)

    def operand(self, atom: Atom) -> Atom | Call:
        """One operand as the result, repeated where it has been broadcast."""
        if atom.type == self.type:
            return atom
        return self.to(shaping.broadcast, atom, shape=self.type.shape)

    def filled(self, value: NDArray) -> Atom | Call:
        """This number everywhere."""
        return self.operand(literal(value, dtype=self.type.dtype))


Rule = Callable[[Call], Atom | Call | None]


def replacement(call: Call) -> Atom | Call | None:
    """What computes the same with less: an atom, another call, or None."""
    if call.primitive in FOLDED and (found := folded(call)) is not None:
        return found
    if call.primitive in POINTWISE and (found := without_broadcasts(call)) is not None:
        return found
    rule = RULES.get(call.primitive)
    return rule(call) if rule else None


def folded(call: Call) -> Atom | Call | None:
    """Literals are computed with, and so are arrays of one number in every place."""
    if all(isinstance(atom, Literal) for atom in call.inputs):
        arrays = [atom.value for atom in call.inputs if isinstance(atom, Literal)]
        if call.type.size <= sum(array.size for array in arrays):
            (result,) = execute_equation(call.primitive, call.settings, arrays)
            return literal(result, dtype=call.type.dtype)
    if call.primitive in POINTWISE:
        numbers = [number for a in call.inputs if (number := call.uniform(a)) is not None]
        if len(numbers) == len(call.inputs):
            (result,) = execute_equation(call.primitive, call.settings, numbers)
            return call.filled(np.asarray(result))
    return None


def without_broadcasts(call: Call) -> Call | None:
    """Pointwise primitives broadcast by themselves."""
    for index, atom in enumerate(call.inputs):
        if equation := call.made_by(atom, shaping.broadcast):
            inputs = (*call.inputs[:index], equation.inputs[0], *call.inputs[index + 1 :])
            if np.broadcast_shapes(*[a.type.shape for a in inputs]) == call.type.shape:
                return call.on(*inputs)
    return None


# ---- arithmetic


def only_operand(call: Call) -> Atom:
    return call.inputs[0]


def added(call: Call) -> Atom | Call | None:
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


def subtracted(call: Call) -> Atom | Call | None:
    a, b = call.inputs
    if call.is_all(b, 0):
        return call.operand(a)
    if equation := call.made_by(b, pointwise.negative):
        return call.to(pointwise.add, a, equation.inputs[0])
    return None


def multiplied(call: Call) -> Atom | Call | None:
    for factor, other in (call.inputs, call.inputs[::-1]):
        if call.is_all(factor, 1):
            return call.operand(other)
        if call.is_all(factor, -1) and other.type == call.type:
            return call.to(pointwise.negative, other)
    return None


def divided(call: Call) -> Atom | Call | None:
    return call.operand(call.inputs[0]) if call.is_all(call.inputs[1], 1) else None


def negated(call: Call) -> Atom | None:
    equation = call.made_by(call.inputs[0], pointwise.negative)
    return equation.inputs[0] if equation else None


def same_operands(call: Call) -> Atom | None:
    return call.inputs[0] if call.inputs[0] is call.inputs[1] else None


def selected(call: Call) -> Atom | Call | None:
    condition, a, b = call.inputs
    known = call.uniform(condition)
    if a is b or known is not None:
        return call.operand(a if known is None or known else b)
    return None


def converted(call: Call) -> Atom | None:
    return call.inputs[0] if call.inputs[0].type == call.type else None


# ---- moves


def moved(call: Call) -> Atom | Call | None:
    """Values moved within an array of one number; or not moved at all."""
    (x,) = call.inputs
    value = call.uniform(x)
    if value is not None and is_var(x):
        return call.filled(value)
    return None


def reshaped(call: Call) -> Atom | Call | None:
    (x,) = call.inputs
    if x.type == call.type:
        return x
    if equation := call.made_by(x, call.primitive):  # both for reshape and for broadcast
        return call.on(*equation.inputs)
    return moved(call)


def transposed(call: Call) -> Atom | Call | None:
    (x,), axes = call.inputs, call.settings["axes"]
    if tuple(axes) == tuple(range(len(axes))):
        return x
    if equation := call.made_by(x, shaping.transpose):
        inner = equation.settings["axes"]
        return call.to(
            shaping.transpose, *equation.inputs, axes=tuple(inner[axis] for axis in axes)
        )
    return moved(call)


def sliced(call: Call) -> Atom | Call | None:
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


def sliced_part(call: Call, joined: Equation) -> Call | None:
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


def unsliced(call: Call) -> Atom | Call | None:
    (x,) = call.inputs
    if x.type == call.type:
        return x
    return call.filled(np.zeros(())) if call.is_all(x, 0) else None


def joined(call: Call) -> Atom | Call | None:
    if len(call.inputs) == 1:
        return call.inputs[0]
    numbers = [call.uniform(atom) for atom in call.inputs]
    first = numbers[0]
    if first is not None and all(n is not None and same_bits(n, first) for n in numbers):
        return call.filled(first)
    return None


def same_bits(a: NDArray, b: NDArray) -> bool:
    return a.dtype == b.dtype and a.tobytes() == b.tobytes()


def summed(call: Call) -> Atom | Call | None:
    (x,) = call.inputs
    if x.type.size == call.type.size:  # only axes of size 1 vanish
        return x if x.type == call.type else call.to(shaping.reshape, x, shape=call.type.shape)
    return call.filled(np.zeros(())) if call.is_all(x, 0) else None


RULES: dict[Primitive, Rule] = {
    pointwise.identity: only_operand,
    pointwise.stop_gradient: only_operand,
    pointwise.add: added,
    pointwise.subtract: subtracted,
    pointwise.multiply: multiplied,
    pointwise.divide: divided,
    pointwise.negative: negated,
    pointwise.maximum: same_operands,
    pointwise.minimum: same_operands,
    pointwise.where: selected,
    pointwise.cast: converted,
    shaping.reshape: reshaped,
    shaping.broadcast: reshaped,
    shaping.transpose: transposed,
    shaping.concatenate: joined,
    indexing.slice_: sliced,
    indexing.unslice: unsliced,
    reduction.sum: summed,
}
