"""The batch axis: which values of a scan's body have the batch first, and a body for any batch.

Where each row of a step is computed from the same row of everything else, the number of rows can
be an argument of the code, and threads can share the rows out: each runs the whole sequence of its
own. In the body for any batch the size ``ROWS`` stands for that number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphnet.ir.core.primitive import Primitive, PrimitiveKind
from graphnet.ir.core.program import Atom, Equation, Program, Var, is_var
from graphnet.ir.core.types import ArrayType
from graphnet.ir.primitives import indexing, shaping, window_maxima, windows
from graphnet.ir.primitives.reduction import axes_of

ROWS = 1 << 40
"""Larger than any size of a body: a size that is a multiple of it grows with the rows."""


class MixesRows(Exception):  # noqa: N818 (no error)
    """A body in which rows take part in other rows, or whose batch axis is ambiguous."""


def for_any_rows(body: Program, constants: int, carried: int) -> tuple[Program, int] | None:
    """The body with ``ROWS`` rows, and how many it was traced with; None where rows mix."""
    states = [var for var in body.inputs[constants : constants + carried] if var.type.shape]
    for rows in dict.fromkeys(var.type.shape[0] for var in states):
        if rows > 1:
            try:
                batched = Rows(body, rows, constants).found()
            except MixesRows:
                continue
            return Widened(batched, rows).program(body), rows
    return None


class Rows:
    """Finds the batched values; final.

    Sequences and carried values with so many rows are batched. A constant of the scan, or what
    is made of constants, is batched where it meets a batched value row by row.
    """

    def __init__(self, body: Program, rows: int, constants: int) -> None:
        self.body, self.rows = body, rows
        self.constants = set(body.inputs[:constants])
        self.batched = {v for v in body.inputs[constants:] if v.type.shape[:1] == (rows,)}
        self.fixed: set[Atom] = set()  # used as something without rows
        self.maker = {var: e for e in body.equations for var in e.outputs}

    def found(self) -> set[Var]:
        for equation in self.body.equations:
            if any(is_var(a) and a in self.batched for a in equation.inputs):
                rule_of(equation.primitive)(self, equation)
                self.batched.update(equation.outputs)
        carried_in = self.body.inputs[len(self.constants) :]
        for enters, leaves in zip(carried_in, self.body.outputs, strict=False):
            if enters in self.batched:
                self.need(leaves)
        for atom in self.body.outputs:
            if atom.type.shape[:1] == (self.rows,) and not self.is_batched(atom):
                self.need(atom)
        if self.fixed & self.batched or not all(map(self.is_consistent, self.body.equations)):
            raise MixesRows
        return self.batched

    def is_consistent(self, equation: Equation) -> bool:
        """Whether what reads batched values is batched; some became so late."""
        reads = any(map(self.is_batched, equation.inputs))
        return not reads or all(map(self.is_batched, equation.outputs))

    def is_batched(self, atom: Atom) -> bool:
        return is_var(atom) and atom in self.batched

    def need(self, atom: Atom) -> None:
        """This value must have the rows on its first axis."""
        if self.is_batched(atom):
            return
        if not is_var(atom) or atom.type.shape[:1] != (self.rows,):
            raise MixesRows
        if atom not in self.constants:
            equation = self.maker.get(atom)
            if equation is None or not may_repeat(equation):
                raise MixesRows
            if equation.primitive is not shaping.broadcast:
                pointwise(self, equation)
            elif self.full(equation.inputs[0], len(atom.type.shape)):
                self.need(equation.inputs[0])
        self.batched.add(atom)

    def full(self, atom: Atom, ndim: int) -> bool:
        """Whether a value reaches to the first axis of a result, and is not repeated along it."""
        return len(atom.type.shape) == ndim and atom.type.shape[0] == self.rows

    def without(self, atom: Atom) -> None:
        """This value takes part as a whole."""
        if self.is_batched(atom):
            raise MixesRows
        self.fixed.add(atom)


RowsRule = Callable[[Rows, Equation], None]


def pointwise(rows: Rows, equation: Equation) -> None:
    if equation.primitive.many or equation.settings.keys() - {"dtype"}:
        raise MixesRows
    ndim = len(equation.outputs[0].type.shape)
    for atom in equation.inputs:
        repeated_or_batched(rows, atom, ndim)


def repeated_or_batched(rows: Rows, atom: Atom, ndim: int) -> None:
    if rows.full(atom, ndim):
        rows.need(atom)
    elif rows.is_batched(atom):
        raise MixesRows


def product(rows: Rows, equation: Equation) -> None:
    left, right, *start = equation.inputs
    if len(left.type.shape) < 2 or len(right.type.shape) > 2:
        raise MixesRows
    rows.need(left)
    rows.without(right)
    for atom in start:
        repeated_or_batched(rows, atom, len(equation.outputs[0].type.shape))


def reduction(rows: Rows, equation: Equation) -> None:
    (x,) = equation.inputs
    if 0 in axes_of(equation.settings["axis"], len(x.type.shape)):
        raise MixesRows


def keeps_first(shape_of: Callable[[Equation], Any]) -> RowsRule:
    """A rule for what must leave the first axis as it is."""

    def rule(rows: Rows, equation: Equation) -> None:
        if not shape_of(equation):
            raise MixesRows
        for atom in equation.inputs:
            rows.need(atom)

    return rule


def works_behind(equation: Equation) -> bool:
    """Whether the axes of an equation are others than the first."""
    return 0 not in axes_of(equation.settings["axes"], len(equation.inputs[0].type.shape))


def same_rows(equation: Equation) -> bool:
    before, after = equation.inputs[0].type.shape, equation.outputs[0].type.shape
    return before[:1] == after[:1]


def window_keeps(equation: Equation) -> bool:
    (start, stop, step), *_ = equation.settings["window"]
    whole = max(equation.inputs[0].type.shape[0], equation.outputs[0].type.shape[0])
    return (start, stop, step) == (0, whole, 1)


def taking(rows: Rows, equation: Equation) -> None:
    table, indices = equation.inputs
    rows.without(table)
    rows.need(indices)


def mixing(rows: Rows, equation: Equation) -> None:
    raise MixesRows


BY_KIND: dict[PrimitiveKind, RowsRule] = {
    PrimitiveKind.POINTWISE: pointwise,
    PrimitiveKind.IDENTITY: pointwise,
    PrimitiveKind.PRODUCT: product,
    PrimitiveKind.REDUCTION: reduction,
    PrimitiveKind.CONTRACTION: mixing,
    PrimitiveKind.CHECK: mixing,
    PrimitiveKind.CONTROL: mixing,
    PrimitiveKind.OPAQUE: mixing,
    PrimitiveKind.COMPILED: mixing,
}
RULES: dict[Primitive, RowsRule] = {
    shaping.reshape: keeps_first(same_rows),
    shaping.transpose: keeps_first(lambda e: e.settings["axes"][0] == 0),
    shaping.broadcast: keeps_first(
        lambda e: len(e.inputs[0].type.shape) == len(e.outputs[0].type.shape) and same_rows(e)
    ),
    shaping.concatenate: keeps_first(
        lambda e: e.settings["axis"] % len(e.outputs[0].type.shape) != 0,
    ),
    indexing.slice_: keeps_first(window_keeps),
    indexing.unslice: keeps_first(window_keeps),
    windows.windows: keeps_first(works_behind),
    windows.overlap_add: mixing,
    windows.flip: keeps_first(works_behind),
    window_maxima.take_at_maxima: keeps_first(works_behind),
    window_maxima.put_at_maxima: keeps_first(works_behind),
    indexing.take: taking,
    indexing.scatter_add: mixing,
}
"""The rules of single primitives, where they do not follow from the kind."""


def rule_of(primitive: Primitive) -> RowsRule:
    """The rule of a primitive; raises MixesRows for one without a rule."""
    rule = RULES.get(primitive) or BY_KIND.get(primitive.kind)
    if rule is None:
        raise MixesRows(f"{primitive} has no rule")
    return rule


def may_repeat(equation: Equation) -> bool:
    """Whether it may be made of constants and still have the rows on its first axis."""
    return equation.primitive.is_pointwise or equation.primitive is shaping.broadcast


class Widened:
    """A body with its batched values at ``ROWS`` rows; final."""

    def __init__(self, batched: set[Var], rows: int) -> None:
        self.batched, self.rows = batched, rows
        self.renamed: dict[Atom, Var] = {}

    def program(self, body: Program) -> Program:
        inputs = tuple(map(self.var, body.inputs))
        equations = [self.equation(equation) for equation in body.equations]
        return Program(inputs, equations, tuple(map(self.atom, body.outputs)))

    def var(self, var: Var) -> Var:
        type = var.type
        if var in self.batched:
            type = ArrayType((ROWS, *type.shape[1:]), type.dtype)
        return self.renamed.setdefault(var, Var(type))

    def atom(self, atom: Atom) -> Atom:
        return self.var(atom) if is_var(atom) else atom

    def equation(self, equation: Equation) -> Equation:
        settings = dict(equation.settings)
        outputs = tuple(map(self.var, equation.outputs))
        if outputs[0].type.shape[:1] == (ROWS,):
            if "shape" in settings:
                settings["shape"] = outputs[0].type.shape
            if "window" in settings:
                settings["window"] = ((0, ROWS, 1), *settings["window"][1:])
        inputs = tuple(map(self.atom, equation.inputs))
        return Equation(equation.primitive, inputs, settings, outputs, equation.origin)
