"""Concatenations that share parts become slices of one: [a b] and [b c] are parts of [a b c]."""

from __future__ import annotations

from graphnet.ir.core.program import Atom, Equation, Program
from graphnet.ir.core.types import normalise_axis
from graphnet.ir.primitives.indexing import slice_
from graphnet.ir.primitives.shaping import concatenate
from graphnet.native.analysis.rewrite import Rewriter

Pair = tuple[Equation, tuple[Atom, ...], int]
"""A concatenation that comes later, the parts of both, and with which part its own begin."""


def join_overlaps(program: Program) -> Program:
    """The program with pairs of overlapping concatenations made as one array."""
    pairs = overlapping(program)
    if not pairs:
        return program
    new = Rewriter()
    later: dict[Equation, Equation] = {}
    for equation in program.equations:
        if equation in later:
            continue
        if equation not in pairs:
            new.keep(equation)
            continue
        other, parts, first = pairs[equation]
        begins = (
            0
            if parts[: len(equation.inputs)] == equation.inputs
            else len(parts) - len(equation.inputs)
        )
        axis = axis_of(equation)
        whole = new.emit(concatenate, new.atoms(parts), {"axis": axis}, equation.origin)
        for each, index in ((equation, begins), (other, first)):
            start = sum(part.type.shape[axis] for part in parts[:index])
            window = [(0, size, 1) for size in whole.type.shape]
            (output,) = each.outputs
            window[axis] = (start, start + output.type.shape[axis], 1)
            new.append(
                Equation(slice_, (whole,), {"window": tuple(window)}, (output,), each.origin)
            )
        later[other] = equation
    return Program(program.inputs, new.equations, program.outputs)


def overlapping(program: Program) -> dict[Equation, Pair]:
    """For concatenations, one that comes later, whose parts are all there, and overlaps."""
    made: dict[Atom, int] = {var: i for i, e in enumerate(program.equations) for var in e.outputs}
    joins = [(i, e) for i, e in enumerate(program.equations) if e.primitive is concatenate]
    earlier: dict[Atom, tuple[int, Equation]] = {}
    pairs: dict[Equation, Pair] = {}
    taken: set[Equation] = set()
    for index, join in joins:
        ready = max(made.get(part, -1) for part in join.inputs)
        others = dict.fromkeys(earlier[part] for part in join.inputs if part in earlier)
        for at, other in others:
            if other in taken or join in taken or ready >= at or axis_of(join) != axis_of(other):
                continue
            if (found := union(other.inputs, join.inputs)) is not None:
                pairs[other] = (join, *found)
                taken.update((join, other))
        for part in join.inputs:
            earlier[part] = index, join
    return pairs


def union(a: tuple[Atom, ...], b: tuple[Atom, ...]) -> tuple[tuple[Atom, ...], int] | None:
    """The shortest row in which both stand, if that is shorter than both together: one begins it,
    and the other ends it. With the place of the second."""
    for count in range(min(len(a), len(b)), 0, -1):
        if a[-count:] == b[:count]:
            return a + b[count:], len(a) - count
        if b[-count:] == a[:count]:
            return b + a[count:], 0
    return None


def axis_of(equation: Equation) -> int:
    return normalise_axis(equation.settings["axis"], len(equation.outputs[0].type.shape))
