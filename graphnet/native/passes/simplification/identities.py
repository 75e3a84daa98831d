"""Identities: what an equation may be replaced with, whatever the values of its operands.

All are exact, for NaN and infinities too, but for the sign of zero: x + 0 counts as x, though
-0.0 + 0.0 is 0.0, and sums of zeros count as 0.0. A product with zeros is never dropped, since
0 * inf is NaN.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from graphnet.ir.core.interpreter import execute_equation
from graphnet.ir.core.primitive import Extent, Primitive, PrimitiveKind
from graphnet.ir.core.program import Atom, Literal, literal
from graphnet.ir.core.types import NDArray
from graphnet.ir.primitives import indexing, pointwise, reduction, shaping
from graphnet.native.passes.simplification import arithmetic, data_movement
from graphnet.native.passes.simplification.candidate import Candidate

FOLDED = {
    PrimitiveKind.POINTWISE,
    PrimitiveKind.IDENTITY,
    PrimitiveKind.VIEW,
    PrimitiveKind.MOVEMENT,
    PrimitiveKind.REDUCTION,
    PrimitiveKind.PRODUCT,
}
"""Kinds that are computed at once on literals, where the result is no larger than they are."""

Identity = Callable[[Candidate], Atom | Candidate | None]


def replacement(call: Candidate) -> Atom | Candidate | None:
    """A cheaper equivalent: an atom, another candidate, or None."""
    if call.primitive.kind in FOLDED and (found := folded(call)) is not None:
        return found
    if call.primitive.is_pointwise and (found := without_broadcasts(call)) is not None:
        return found
    rule = RULES.get(call.primitive)
    return rule(call) if rule else None


def folded(call: Candidate) -> Atom | Candidate | None:
    """Literals are computed with, and so are arrays of one number in every place."""
    is_larger = call.primitive.extent is Extent.MORE
    if not is_larger and all(isinstance(atom, Literal) for atom in call.inputs):
        arrays = [atom.value for atom in call.inputs if isinstance(atom, Literal)]
        if call.type.size <= sum(array.size for array in arrays):
            (result,) = execute_equation(call.primitive, call.settings, arrays)
            return literal(result, dtype=call.type.dtype)
    if call.primitive.is_pointwise:
        numbers: list[NDArray] = []
        for atom in call.inputs:
            if (number := call.uniform(atom)) is None:
                return None
            numbers.append(number)
        if numbers:
            (result,) = execute_equation(call.primitive, call.settings, numbers)
            return call.filled(np.asarray(result))
    return None


def without_broadcasts(call: Candidate) -> Candidate | None:
    """Pointwise primitives broadcast by themselves."""
    for index, atom in enumerate(call.inputs):
        if equation := call.made_by(atom, shaping.broadcast):
            inputs = (*call.inputs[:index], equation.inputs[0], *call.inputs[index + 1 :])
            if np.broadcast_shapes(*[a.type.shape for a in inputs]) == call.type.shape:
                return call.on(*inputs)
    return None


RULES: dict[Primitive, Identity] = {
    pointwise.identity: arithmetic.only_operand,
    pointwise.stop_gradient: arithmetic.only_operand,
    pointwise.l1_penalty: arithmetic.only_operand,
    pointwise.add: arithmetic.added,
    pointwise.subtract: arithmetic.subtracted,
    pointwise.multiply: arithmetic.multiplied,
    pointwise.divide: arithmetic.divided,
    pointwise.negative: arithmetic.negated,
    pointwise.maximum: arithmetic.same_operands,
    pointwise.minimum: arithmetic.same_operands,
    pointwise.where: arithmetic.selected,
    pointwise.cast: arithmetic.converted,
    shaping.reshape: data_movement.reshaped,
    shaping.broadcast: data_movement.reshaped,
    shaping.transpose: data_movement.transposed,
    shaping.concatenate: data_movement.joined,
    indexing.slice_: data_movement.sliced,
    indexing.unslice: data_movement.unsliced,
    reduction.sum: arithmetic.summed,
}
