"""Sums of slices of one array become slices of one sum of it: the gradients of joined biases."""

from __future__ import annotations

from collections.abc import Hashable

from graphnet.ir.core.program import Atom, Equation, Program, is_var
from graphnet.ir.primitives.indexing import slice_
from graphnet.ir.primitives.reduction import axes_of
from graphnet.ir.primitives.reduction import sum as sum_
from graphnet.native.analysis.rewrite import Rewriter, producers
from graphnet.native.passes.simplification.dead_code import everywhere


def join_totals(program: Program) -> Program:
    """The program with slices summed as one array, if they are several and make up most of it."""
    return everywhere(program, rewritten)


def rewritten(program: Program) -> Program:
    groups = sums_of_slices(program)
    if not groups:
        return program
    new = Rewriter()
    totals: dict[Hashable, Atom] = {}
    for equation in program.equations:
        if equation not in groups:
            new.keep(equation)
            continue
        key, cut = groups[equation]
        (whole,) = new.atoms(cut.inputs)
        if key not in totals:
            totals[key] = new.emit(sum_, (whole,), equation.settings, equation.origin)
        window = window_of_sum(equation, cut)
        new.append(
            Equation(slice_, (totals[key],), {"window": window}, equation.outputs, equation.origin)
        )
    return Program(program.inputs, new.equations, program.outputs)


def sums_of_slices(program: Program) -> dict[Equation, tuple[Hashable, Equation]]:
    """The sums that are better a slice of one larger sum: by what they share, and their slices."""
    made = producers(program.equations)
    groups: dict[Hashable, list[tuple[Equation, Equation]]] = {}
    for equation in program.equations:
        summed = equation.inputs[0] if equation.primitive is sum_ else None
        cut = made.get(summed) if summed is not None and is_var(summed) else None
        if cut is not None and cut.primitive is slice_ and leaves_summed_axes(equation, cut):
            axes = axes_of(equation.settings["axis"], len(cut.outputs[0].type.shape))
            key = (cut.inputs[0], axes, equation.settings["keepdims"])
            groups.setdefault(key, []).append((equation, cut))
    found: dict[Equation, tuple[Hashable, Equation]] = {}
    for shared, group in groups.items():
        windows = {tuple(cut.settings["window"]): cut.outputs[0].type.size for _, cut in group}
        size = group[0][1].inputs[0].type.size
        if len(windows) > 1 and 4 * sum(windows.values()) >= 3 * size:
            found.update((equation, (shared, cut)) for equation, cut in group)
    return found


def leaves_summed_axes(equation: Equation, cut: Equation) -> bool:
    """Whether a slice takes all of the axes that are summed."""
    shape = cut.inputs[0].type.shape
    axes = axes_of(equation.settings["axis"], len(shape))
    return all(cut.settings["window"][axis] == (0, shape[axis], 1) for axis in axes)


def window_of_sum(equation: Equation, cut: Equation) -> tuple[tuple[int, int, int], ...]:
    """The place of the sum of a slice in the sum of all."""
    window = cut.settings["window"]
    axes = axes_of(equation.settings["axis"], len(window))
    if equation.settings["keepdims"]:
        return tuple((0, 1, 1) if i in axes else bounds for i, bounds in enumerate(window))
    return tuple(bounds for i, bounds in enumerate(window) if i not in axes)
