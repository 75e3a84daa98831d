"""Reductions over axes."""

from __future__ import annotations

from graphnet.ir.core.program import Equation
from graphnet.ir.primitives.reduction import axes_of
from graphnet.native.lowering.lowering import Lowering, Panels


def reduction(lowering: Lowering[Panels], equation: Equation) -> None:
    source, target = lowering.at(equation.inputs[0]), lowering.allocate(equation.outputs[0])
    reduced = axes_of(equation.settings["axis"], len(source.type.shape))
    kept = [axis for axis in range(len(source.type.shape)) if axis not in reduced]
    lowering.emit_reduction(equation, source, target, kept, reduced)
