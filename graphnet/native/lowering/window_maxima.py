"""The first maximum of each window: loops over all windows, some places of a window at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphnet.ir.core.primitive import Primitive
from graphnet.ir.core.program import Atom, Equation, Var, literal
from graphnet.ir.core.types import ArrayType
from graphnet.ir.primitives import pointwise
from graphnet.ir.primitives.windows import places_of
from graphnet.native.analysis.strided_view import StridedView
from graphnet.native.lowering.lowering import Lowering, Panels
from graphnet.native.lowering.windows import fill_with_zeros, is_apart, is_tiling

TOGETHER = 9
"""Places of a window that one loop visits: of many more, not all would fit into registers."""


class Steps:
    """The equations of a loop as they are made, what it reads and what it stores; final."""

    def __init__(self) -> None:
        self.equations: list[Equation] = []
        self.reads: dict[Atom, StridedView] = {}
        self.stores: dict[Var, StridedView] = {}

    def read(self, place: StridedView) -> Var:
        var = Var(place.type)
        self.reads[var] = place
        return var

    def store(self, atom: Atom, place: StridedView) -> None:
        self.stores[self.apply(pointwise.identity, atom)] = place

    def apply(self, primitive: Primitive, *atoms: Atom) -> Var:
        (type,) = primitive.output_types(atoms, {})
        result = Var(type)
        self.equations.append(Equation(primitive, atoms, {}, (result,), None))
        return result

    def where(self, condition: Atom, a: Atom, b: Atom) -> Var:
        return self.apply(pointwise.where, condition, a, b)


def take_at_maxima(lowering: Lowering[Panels], equation: Equation) -> None:
    values, x = (lowering.at(atom) for atom in equation.inputs)
    target = lowering.allocate(equation.outputs[0])
    if values == x:
        find_maxima(lowering, x, target, equation.settings)
        return
    parts = parts_of(x, target.type, equation.settings)
    others = parts_of(values, target.type, equation.settings)
    best_place = lowering.temporary(target.type)
    for first in range(0, len(parts), TOGETHER):
        steps = Steps()
        best = steps.read(best_place if first else parts[0])
        found = steps.read(target if first else others[0])
        some = slice(max(first, 1), first + TOGETHER)
        for part, other in zip(parts[some], others[some], strict=True):
            x_here = steps.read(part)
            lower = steps.apply(pointwise.less_equal, x_here, best)
            is_nan = steps.apply(pointwise.not_equal, best, best)
            value = steps.where(lower, found, steps.read(other))
            found = steps.where(is_nan, found, value)
            best = steps.apply(pointwise.maximum, best, x_here)
        steps.store(best, best_place)
        steps.store(found, target)
        lowering.loop(steps.equations, steps.reads, steps.stores)


def find_maxima(
    lowering: Lowering[Panels], x: StridedView, target: StridedView, settings: Mapping[str, Any]
) -> None:
    parts = parts_of(x, target.type, settings)
    for first in range(0, len(parts), TOGETHER):
        steps = Steps()
        best = steps.read(target if first else parts[0])
        for part in parts[max(first, 1) : first + TOGETHER]:
            best = steps.apply(pointwise.maximum, best, steps.read(part))
        steps.store(best, target)
        lowering.loop(steps.equations, steps.reads, steps.stores)


def put_at_maxima(lowering: Lowering[Panels], equation: Equation) -> None:
    """The gradient goes to the first place that equals the maximum; what is left is nothing then.

    Windows apart from each other are written together, others place after place.
    """
    g, x = (lowering.at(atom) for atom in equation.inputs)
    target = lowering.allocate(equation.outputs[0])
    settings = equation.settings
    axes, *rest = (settings[k] for k in ("axes", "sizes", "strides", "dilations"))
    maxima, left_over = lowering.temporary(g.type), lowering.temporary(g.type)
    find_maxima(lowering, x, maxima, settings)
    if not is_tiling(x.type.shape, g.type.shape, rest[0], axes, *rest[1:]):
        fill_with_zeros(lowering, target)
    parts = parts_of(x, g.type, settings)
    windows = parts_of(target, g.type, settings)
    apart = is_apart(*rest)
    together = TOGETHER if apart else 1
    for first in range(0, len(parts), together):
        steps = Steps()
        best, left = steps.read(maxima), steps.read(left_over if first else g)
        zero = literal(0, g.type.dtype)
        some = slice(first, first + together)
        for part, window in zip(parts[some], windows[some], strict=True):
            x_here = steps.read(part)
            equal = steps.apply(pointwise.equal, x_here, best)
            is_nan = steps.apply(pointwise.not_equal, x_here, x_here)
            put = steps.where(is_nan, left, steps.where(equal, left, zero))
            left = steps.where(is_nan, zero, steps.where(equal, zero, left))
            if not apart:
                put = steps.apply(pointwise.add, steps.read(window), put)
            steps.store(put, window)
        if first + together < len(parts):
            steps.store(left, left_over)
        lowering.loop(steps.equations, steps.reads, steps.stores)


def parts_of(
    place: StridedView, windows: ArrayType, settings: Mapping[str, Any]
) -> Sequence[StridedView]:
    """For each place in a window, the elements that all windows have there."""
    axes, sizes, strides, dilations = (
        settings[k] for k in ("axes", "sizes", "strides", "dilations")
    )
    type = ArrayType(windows.shape, place.type.dtype)
    bounds = places_of(place.type.shape, windows.shape, sizes, axes, strides, dilations)
    return [place.window(window, type) for _, window in bounds]
