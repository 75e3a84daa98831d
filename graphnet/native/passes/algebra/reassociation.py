"""Reassociation of sums in scans: slices are added before they are cut, constants before the scan.

The gates of an LSTM add slices of one product to slices of another, and biases: but for rounding,
these are slices of one sum of whole arrays. A sum of arrays that each fill a part with zeros around
(the gradient of slicing) is their concatenation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from graphnet.ir.core.program import Atom, Equation, Program, Var, is_var
from graphnet.ir.core.subscripts import Window
from graphnet.ir.primitives.indexing import slice_, unslice
from graphnet.ir.primitives.pointwise import add
from graphnet.ir.primitives.shaping import concatenate
from graphnet.native.analysis.rewrite import is_scan
from graphnet.native.passes.algebra.overlaps import join_overlaps
from graphnet.native.passes.algebra.sum_tree import Sums, SumTree
from graphnet.native.passes.loops.scans import with_body


def join_sums(program: Program) -> Program:
    """The program with sums of parts as parts of sums, where a body adds them up."""
    return rewritten(program, None)


def rewritten(
    program: Program, constants: set[Atom] | None, sequences: Iterable[Atom] = ()
) -> Program:
    """The program, or the body of a scan with these constants, and all bodies inside of it."""
    equations = []
    for equation in program.equations:
        if is_scan(equation):
            body: Program = equation.settings["body"]
            count = equation.settings["constants"]
            fixed: set[Atom] = set(body.inputs[:count])
            stepped = body.inputs[count + equation.settings["carried"] :]
            equation = with_body(equation, rewritten(body, fixed, stepped))
        equations.append(equation)
    if equations != program.equations:
        program = Program(program.inputs, equations, program.outputs)
    if any(equation.primitive is unslice for equation in equations):
        program = filled_by_parts(program)
    if constants is None:
        return program
    program = sliced_sums(program, constants)
    return join_overlaps(constants_together(program, constants, sequences))


# ---- parts with zeros around


def filled_by_parts(program: Program) -> Program:
    """``unslice(a) + unslice(b)`` that fill the whole becomes ``concatenate(a, b)``."""
    sums = Sums(program)
    at = {sum.root: sum for sum in sums.all}
    for equation in program.equations:
        sum = at.get(equation)
        parts = unsliced_parts(sum, sums) if sum else None
        if sum is None or parts is None:
            sums.new.keep(equation)
            continue
        axis, filling, rest = parts
        inputs = sums.new.atoms(part.inputs[0] for part in filling)
        joined = sums.new.emit(concatenate, inputs, {"axis": axis}, equation.origin)
        sums.replace(sum, [joined, *rest])
    return sums.finished()


def unsliced_parts(sum: SumTree, sums: Sums) -> tuple[int, list[Equation], list[Atom]] | None:
    """The axis along which terms of a sum fill it without a gap, these, and all other terms."""
    shape = sum.root.outputs[0].type.shape
    parts: list[tuple[int, int, Equation]] = []
    rest: list[Atom] = []
    axes = set()
    for term in sum.terms:
        equation = sums.made.get(term) if is_var(term) else None
        cut = None
        if equation is not None and equation.primitive is unslice and sum.is_of(term):
            cut = cut_axis(equation.settings["window"], shape)
        if equation is None or cut is None:
            rest.append(term)
        else:
            axes.add(cut)
            start, stop, _ = equation.settings["window"][cut]
            parts.append((start, stop, equation))
    if len(parts) < 2 or len(axes) > 1:
        return None
    (axis,) = axes
    parts.sort(key=lambda part: part[0])
    stops = [0, *(stop for _, stop, _ in parts)]
    if [start for start, _, _ in parts] != stops[:-1] or stops[-1] != shape[axis]:
        return None
    return axis, [equation for _, _, equation in parts], rest


def cut_axis(window: Window, shape: tuple[int, ...]) -> int | None:
    """The only axis along which a window takes less than all, if it takes one piece of it."""
    axes = [i for i, bounds in enumerate(window) if bounds != (0, shape[i], 1)]
    return axes[0] if len(axes) == 1 and window[axes[0]][2] == 1 else None


# ---- slices


@dataclass(slots=True, eq=False)
class Cut:
    """A sum with slices of several arrays along its last axis: where it begins in each of these."""

    sum: SumTree
    starts: dict[Var, int]
    width: int
    vectors: list[Atom]
    rest: list[Atom]

    def follows(self, other: Cut) -> bool:
        """Whether the slices lie right behind those of another sum, in all arrays."""
        return all(start == other.starts[v] + other.width for v, start in self.starts.items())


def sliced_sums(program: Program, constants: set[Atom]) -> Program:
    """Sums of slices that lie side by side become slices of the sum of the arrays."""
    sums = Sums(program)
    groups: dict[frozenset[Var], list[Cut]] = {}
    for sum in sums.all:
        if (found := cut_of(sum, sums, constants)) is not None:
            groups.setdefault(frozenset(found.starts), []).append(found)
    runs = [run for group in groups.values() for run in runs_of(group) if len(run) > 1]
    if not runs:
        return program
    leading = {min(run, key=lambda cut: cut.sum.index).sum.root: run for run in runs}
    cuts = {cut.sum.root: (cut, run) for run in runs for cut in run}
    totals: dict[int, Atom] = {}
    for equation in program.equations:
        if equation in leading:
            totals[id(leading[equation])] = total_of(leading[equation], sums)
        if equation in cuts:
            cut, run = cuts[equation]
            base = min(run[0].starts, key=lambda v: run[0].starts[v])
            start = cut.starts[base] - run[0].starts[base]
            part = cut_out(sums, totals[id(run)], start, start + cut.width, equation)
            sums.replace(cut.sum, [part, *cut.rest])
        else:
            sums.new.keep(equation)
    return sums.finished()


def cut_of(sum: SumTree, sums: Sums, constants: set[Atom]) -> Cut | None:
    """A sum with slices of at least two arrays; None for any other."""
    shape = sum.root.outputs[0].type.shape
    found = Cut(sum, {}, shape[-1] if shape else 0, [], [])
    for term in sum.terms:
        equation = sums.made.get(term) if is_var(term) else None
        if equation is not None and equation.primitive is slice_ and sum.is_of(term):
            (whole,), window = equation.inputs, equation.settings["window"]
            axis = cut_axis(window, whole.type.shape)
            if is_var(whole) and whole not in found.starts and axis == len(window) - 1:
                found.starts[whole] = window[-1][0]
                continue
        is_vector = term in constants and term.type.shape == (found.width,)
        (found.vectors if is_vector else found.rest).append(term)
    return found if len(found.starts) > 1 else None


def runs_of(group: list[Cut]) -> list[list[Cut]]:
    """The sums in rows of neighbours."""
    first = next(iter(group[0].starts))
    runs: list[list[Cut]] = []
    for cut in sorted(group, key=lambda cut: cut.starts[first]):
        if runs and cut.follows(runs[-1][-1]):
            runs[-1].append(cut)
        else:
            runs.append([cut])
    return runs


def total_of(run: list[Cut], sums: Sums) -> Atom:
    """The sum of the arrays, from the first slice to the last, and of joined biases."""
    root = run[0].sum.root
    width = sum(cut.width for cut in run)
    terms = [
        cut_out(sums, sums.new.atom(whole), start, start + width, root)
        for whole, start in run[0].starts.items()
    ]
    common = min(len(cut.vectors) for cut in run)
    rows = zip(*(cut.vectors[:common] for cut in run), strict=True)
    terms += [sums.new.emit(concatenate, row, {"axis": 0}, root.origin) for row in rows]
    for cut in run:
        cut.rest += cut.vectors[common:]
    return sums.add_up(terms, run[0].sum)


def cut_out(sums: Sums, whole: Atom, start: int, stop: int, equation: Equation) -> Atom:
    shape = whole.type.shape
    if (start, stop) == (0, shape[-1]):
        return whole
    window = (*((0, size, 1) for size in shape[:-1]), (start, stop, 1))
    return sums.new.emit(slice_, (whole,), {"window": window}, equation.origin)


# ---- constants


def constants_together(
    program: Program, constants: set[Atom], sequences: Iterable[Atom] = ()
) -> Program:
    """The constants of a sum are added to each other, and to what no carried value takes part in,
    before all else: hoisting may take these sums out of the scan."""
    fixed, free = set(constants), {*constants, *sequences}
    for equation in program.equations:
        if equation.primitive in (add, concatenate) and fixed.issuperset(equation.inputs):
            fixed.update(equation.outputs)
        if all(not is_var(atom) or atom in free for atom in equation.inputs):
            free.update(equation.outputs)
    sums = Sums(program)
    at = {s.root: s for s in sums.all}
    changed = False
    for equation in program.equations:
        sum = at.get(equation)
        same, known, others = by_change(sum.terms if sum else [], fixed, free)
        apart = len(same) > 1 and (known or others)
        if sum is None or not (apart or (same and known and others)):
            sums.new.keep(equation)
            continue
        changed = True
        constant = sums.add_up(sums.new.atoms(same), sum)
        sums.replace(sum, [*known, constant, *others])
    return sums.finished() if changed else program


def by_change(terms: list[Atom], fixed: set[Atom], free: set[Atom]) -> tuple[list[Atom], ...]:
    """Of a sum the constants, other terms that no carried value takes part in, and the rest."""
    kinds: tuple[list[Atom], ...] = ([], [], [])
    for term in terms:
        is_fixed = term in fixed or not is_var(term)
        kinds[0 if is_fixed else 1 if term in free else 2].append(term)
    return kinds
