"""Views and movements: mostly no code at all, else copies."""

from __future__ import annotations

from graphnet.ir.core.program import Equation, literal
from graphnet.native.analysis.strided_view import StridedView
from graphnet.native.lowering.lowering import Lowering, Panels


def view(lowering: Lowering[Panels], equation: Equation) -> None:
    source = lowering.at(equation.inputs[0])
    made = source.view(equation) or lowering.copied(source).view(equation)
    assert made is not None
    lowering.places[equation.outputs[0]] = made


def concatenate(lowering: Lowering[Panels], equation: Equation) -> None:
    target = lowering.allocate(equation.outputs[0])
    sources = [lowering.at(atom) for atom in equation.inputs]
    windows = windows_of(equation, target)
    lowering.emit_concatenation(target, list(zip(sources, windows, strict=True)))


def windows_of(equation: Equation, target: StridedView) -> list[StridedView]:
    """The window of the result for each operand of ``concatenate``."""
    shape = target.type.shape
    axis, start, windows = equation.settings["axis"] % len(shape), 0, []
    for atom in equation.inputs:
        stop = start + atom.type.shape[axis]
        window = tuple((start, stop, 1) if i == axis else (0, n, 1) for i, n in enumerate(shape))
        windows.append(target.window(window, atom.type))
        start = stop
    return windows


def unslice(lowering: Lowering[Panels], equation: Equation) -> None:
    """Zeros with an array in a window of them."""
    source, target = lowering.at(equation.inputs[0]), lowering.allocate(equation.outputs[0])
    zero = lowering.at(literal(0, target.type.dtype)).broadcast(target.type)
    lowering.copy(zero, target)
    lowering.copy(source, target.window(equation.settings["window"], source.type))
