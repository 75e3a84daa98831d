"""The batch axis: which values of a body have the batch, on which axis; a body for any batch.

Where each row of a step is computed from the same row of everything else, the number of rows can
be an argument of the code, and threads can share the rows out: each runs the whole sequence of its
own. In the body for any batch the size ``ROWS`` stands for that number.
"""

from __future__ import annotations

from typing import Any

from graphnet.ir.core.program import Atom, Equation, Program, Var, is_var
from graphnet.ir.core.types import ArrayType, Shape
from graphnet.native.analysis.row_rules import MixesRows, Rows
from graphnet.native.analysis.strided_view import StridedView

ROWS = 1 << 40
"""Larger than any size of a body: a size that is a multiple of it grows with the rows."""


def for_any_rows(body: Program, constants: int, carried: int) -> tuple[Program, int] | None:
    """The body with ``ROWS`` rows, and how many it was traced with; None where rows mix."""
    states = [var for var in body.inputs[constants : constants + carried] if var.type.shape]
    other: tuple[Program, int] | None = None
    for rows in dict.fromkeys(var.type.shape[0] for var in states):
        for is_first in (True, False):
            if rows > 1:
                try:
                    batched = Rows(body, rows, constants, carried, is_first).found()
                except MixesRows:
                    continue
                if not any(batched.get(atom) for atom in (*body.inputs, *body.outputs)):
                    return Widened(batched).program(body), rows  # all have the batch first
                other = other or (Widened(batched).program(body), rows)
                break
    return other


def renamed(body: Program) -> Program:
    """The body with values of its own: two scans in a program may have the same one."""
    return Widened({}).program(body)


def rows_first(type: ArrayType) -> Shape:
    """The axes of a value of a body for any batch, that of the batch first."""
    axes = range(len(type.shape))
    first = type.shape.index(ROWS) if ROWS in type.shape else 0
    return tuple(sorted(axes, key=lambda axis: (axis != first, axis)))


def permuted(type: ArrayType, axes: Shape) -> ArrayType:
    return ArrayType(tuple(type.shape[axis] for axis in axes), type.dtype)


def batch_outside(pointer: Any, type: ArrayType) -> StridedView:
    """A value of a body for any batch, whose memory has the batch on the first axis."""
    axes = rows_first(type)
    return back(StridedView.of(pointer, permuted(type, axes)), axes)


def back(place: StridedView, axes: Shape) -> StridedView:
    """An array whose axes were permuted, with its own axes in their order."""
    own = tuple(axes.index(axis) for axis in range(len(axes)))
    return place.transposed(own, permuted(place.type, own))


class Widened:
    """A body with its batched values at ``ROWS`` rows; final."""

    def __init__(self, batched: dict[Atom, int]) -> None:
        self.batched = batched
        self.renamed: dict[Atom, Var] = {}

    def program(self, body: Program) -> Program:
        inputs = tuple(map(self.var, body.inputs))
        equations = [self.equation(equation) for equation in body.equations]
        return Program(inputs, equations, tuple(map(self.atom, body.outputs)))

    def var(self, var: Var) -> Var:
        if var not in self.renamed:
            shape = list(var.type.shape)
            if var in self.batched:
                shape[self.batched[var]] = ROWS
            self.renamed[var] = Var(ArrayType(tuple(shape), var.type.dtype))
        return self.renamed[var]

    def atom(self, atom: Atom) -> Atom:
        return self.var(atom) if is_var(atom) else atom

    def equation(self, equation: Equation) -> Equation:
        settings = dict(equation.settings)
        outputs = tuple(map(self.var, equation.outputs))
        axis = self.batched.get(equation.outputs[0])
        if axis is not None and "shape" in settings:
            settings["shape"] = outputs[0].type.shape
        if axis is not None and "window" in settings:
            window = list(settings["window"])
            window[axis] = (0, ROWS, 1)
            settings["window"] = tuple(window)
        for name, value in settings.items():
            if isinstance(value, Program):
                settings[name] = self.program(value)
        inputs = tuple(map(self.atom, equation.inputs))
        return Equation(equation.primitive, inputs, settings, outputs, equation.origin)
