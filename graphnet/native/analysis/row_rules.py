"""Rows: the values of a scan's body that have the batch, found from equation to equation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

from graphnet.ir.core.primitive import Primitive, PrimitiveKind
from graphnet.ir.core.program import Atom, Equation, Program, is_var
from graphnet.ir.core.types import Shape, normalise_axis
from graphnet.ir.primitives import indexing, shaping, window_maxima, windows
from graphnet.ir.primitives.reduction import axes_of
from graphnet.native.analysis.rewrite import is_scan


class MixesRows(Exception):  # noqa: N818 (no error)
    """A body in which rows take part in other rows, or whose batch axis is ambiguous."""


class Rows:
    """Finds the batched values, and the axis on which each has the batch; final.

    Carried values and sequences with so many rows first are batched: those that might have them
    second only with ``is_first``. Any other input, or what is made of such, is batched where it
    meets a batched value row by row.
    """

    def __init__(
        self, body: Program, rows: int, constants: int, carried: int, is_first: bool
    ) -> None:
        self.body, self.rows = body, rows
        self.carried = body.inputs[constants : constants + carried]
        states = [v for v in self.carried if is_first or v.type.shape[1:-1][:1] != (rows,)]
        sequences = body.inputs[constants + carried :]
        sure = [*states, *(v for v in sequences if is_first or v.type.shape[1:2] != (rows,))]
        self.batched: dict[Atom, int] = {v: 0 for v in sure if v.type.shape[:1] == (rows,)}
        self.fixed: set[Atom] = set()  # used as something without rows
        self.free: set[Atom] = set(body.inputs)
        self.bound: dict[Atom, tuple[Atom, int]] = {}
        """Of an input of a scan inside: its operand, and how many axes more that has."""
        self.maker: dict[Atom, Equation] = {var: e for e in body.equations for var in e.outputs}

    def found(self) -> dict[Atom, int]:
        known = -1
        while known < len(self.batched):
            known = len(self.batched)
            self.follow(self.body.equations)
            for enters, leaves in zip(self.carried, self.body.outputs, strict=False):
                self.agree(enters, leaves)
            for atom in self.body.outputs:
                if atom.type.shape[:1] == (self.rows,) and not self.is_batched(atom):
                    self.need(atom, 0)
        if not self.fixed.isdisjoint(self.batched):
            raise MixesRows
        return self.batched

    def follow(self, equations: Sequence[Equation]) -> None:
        for equation in equations:
            if any(map(self.is_batched, equation.inputs)):
                axes = rule_of(equation.primitive)(self, equation)
                for var, axis in zip(equation.outputs, axes, strict=True):
                    if axis is not None:
                        self.note(var, axis)

    def note(self, atom: Atom, axis: int) -> None:
        if not self.has_rows(atom, axis) or self.batched.setdefault(atom, axis) != axis:
            raise MixesRows

    def agree(self, enters: Atom, leaves: Atom) -> None:
        """A carried value has the batch where the next step finds it."""
        if self.is_batched(enters):
            self.need(leaves, self.batched[enters])
        elif self.is_batched(leaves):
            self.need(enters, self.batched[leaves])

    def is_batched(self, atom: Atom) -> bool:
        return is_var(atom) and atom in self.batched

    def has_rows(self, atom: Atom, axis: int) -> bool:
        return 0 <= axis < len(atom.type.shape) and atom.type.shape[axis] == self.rows

    def need(self, atom: Atom, axis: int) -> None:
        """This value must have the rows on that axis."""
        if not is_var(atom) or not self.has_rows(atom, axis):
            raise MixesRows
        if not self.is_batched(atom):
            if atom in self.bound:
                operand, more = self.bound[atom]
                self.need(operand, axis + more)
            elif atom not in self.free:
                self.need_of(self.maker[atom], axis)
        self.note(atom, axis)

    def need_of(self, equation: Equation, axis: int) -> None:
        """What an equation is made of must have the rows, so that its result has them there."""
        primitive, (result,) = equation.primitive, equation.outputs[:1]
        if primitive is shaping.transpose:
            self.need(equation.inputs[0], equation.settings["axes"][axis])
        elif primitive is shaping.reshape:
            before = equation.inputs[0].type.shape
            self.need(equation.inputs[0], self.same_place(result.type.shape, axis, before))
        elif primitive in (indexing.slice_, indexing.unslice):
            self.need(equation.inputs[0], axis)
        elif primitive.is_pointwise or primitive is shaping.broadcast:
            for atom in equation.inputs:
                own = axis + len(atom.type.shape) - len(result.type.shape)
                if self.has_rows(atom, own):
                    self.need(atom, own)
        elif primitive.kind is PrimitiveKind.PRODUCT and len(equation.inputs[1].type.shape) == 2:
            self.need(equation.inputs[0], axis)
        else:
            raise MixesRows

    def same_place(self, shape: Shape, axis: int, other: Shape) -> int:
        """The axis of the rows in another shape of the same elements."""
        before = prod(shape[:axis])
        for place, size in enumerate(other):
            if size == self.rows and prod(other[:place]) == before:
                return place
        raise MixesRows

    def without(self, atom: Atom) -> None:
        """This value takes part as a whole."""
        if self.is_batched(atom):
            raise MixesRows
        self.fixed.add(atom)

    def axis(self, atom: Atom) -> int:
        """The batch axis of a value that has one."""
        if not self.is_batched(atom):
            raise MixesRows
        return self.batched[atom]

    def aligned(self, atoms: Sequence[Atom], ndim: int) -> int:
        """The axis of a result of so many axes, with which operands are aligned at the last one;
        each of them has the batch there, or is repeated along it."""
        batched = [atom for atom in atoms if self.is_batched(atom)]
        axes = {ndim - len(atom.type.shape) + self.batched[atom] for atom in batched}
        if len(axes) != 1:
            raise MixesRows
        (axis,) = axes
        for atom in atoms:
            if self.has_rows(atom, own := axis - (ndim - len(atom.type.shape))):
                self.need(atom, own)
        return axis


Axes = Sequence[int | None]
RowsRule = Callable[[Rows, Equation], Axes]
"""The batch axis of each result of an equation that reads batched values; raises MixesRows."""


def pointwise(rows: Rows, equation: Equation) -> Axes:
    if equation.primitive.many or equation.settings.keys() - {"dtype"}:
        raise MixesRows
    return [rows.aligned(equation.inputs, len(equation.outputs[0].type.shape))]


def product(rows: Rows, equation: Equation) -> Axes:
    left, right, *start = equation.inputs
    ndim, last = len(equation.outputs[0].type.shape), len(left.type.shape) - 1
    if not last:
        raise MixesRows
    if len(right.type.shape) <= 2:
        rows.without(right)
        axis, end = rows.axis(left), last
    elif rows.is_batched(left) and rows.axis(left) == last - 1:  # rows by a batch of matrices
        rows.without(right)
        axis, end = ndim - 2, ndim - 1
    else:
        axis, end = rows.aligned([left, right], ndim), ndim - 2
    if axis >= end:
        raise MixesRows
    for atom in start:
        repeated(rows, atom, axis, ndim)
    return [axis]


def repeated(rows: Rows, atom: Atom, axis: int, ndim: int) -> None:
    """An operand has the batch on the axis of the result, or is repeated along it."""
    own = axis - (ndim - len(atom.type.shape))
    if rows.has_rows(atom, own):
        rows.need(atom, own)
    elif rows.is_batched(atom):
        raise MixesRows


def reduction(rows: Rows, equation: Equation) -> Axes:
    axis = rows.axis(x := equation.inputs[0])
    reduced = axes_of(equation.settings["axis"], len(x.type.shape))
    if axis in reduced:
        raise MixesRows
    return [axis if equation.settings["keepdims"] else axis - sum(a < axis for a in reduced)]


def reshaping(rows: Rows, equation: Equation) -> Axes:
    x = equation.inputs[0]
    return [rows.same_place(x.type.shape, rows.axis(x), equation.outputs[0].type.shape)]


def transposing(rows: Rows, equation: Equation) -> Axes:
    return [tuple(equation.settings["axes"]).index(rows.axis(equation.inputs[0]))]


def window(rows: Rows, equation: Equation) -> Axes:
    """A part of an array, or an array as a part of zeros, that has all rows."""
    axis = rows.axis(equation.inputs[0])
    if equation.settings["window"][axis] != (0, rows.rows, 1):
        raise MixesRows
    return [axis]


def joining(rows: Rows, equation: Equation) -> Axes:
    ndim = len(equation.outputs[0].type.shape)
    axis = rows.aligned(equation.inputs, ndim)
    if normalise_axis(equation.settings["axis"], ndim) == axis:
        raise MixesRows
    for atom in equation.inputs:
        rows.need(atom, axis)
    return [axis]


def taking(rows: Rows, equation: Equation) -> Axes:
    rows.without(equation.inputs[0])
    return [rows.axis(equation.inputs[1])]


def same(rows: Rows, equation: Equation) -> Axes:
    return [rows.axis(equation.inputs[0])]


def control(rows: Rows, equation: Equation) -> Axes:
    """A scan inside: its sequences have the batch behind the steps."""
    settings, body = equation.settings, equation.settings["body"]
    if not is_scan(equation):
        raise MixesRows
    first = settings["constants"] + settings["carried"]
    for i, (var, atom) in enumerate(zip(body.inputs, equation.inputs, strict=True)):
        rows.bound[var] = atom, int(i >= first)
        if rows.is_batched(atom):
            axis = rows.axis(atom) - int(i >= first)
            if axis < 0:
                raise MixesRows
            rows.note(var, axis)
    rows.maker.update((var, e) for e in body.equations for var in e.outputs)
    rows.follow(body.equations)
    entering = body.inputs[settings["constants"] : first]
    for enters, leaves in zip(entering, body.outputs, strict=False):
        rows.agree(enters, leaves)
    axes, carried = [rows.batched.get(atom) for atom in body.outputs], settings["carried"]
    return [*axes[:carried], *(None if axis is None else axis + 1 for axis in axes[carried:])]


def beside(rows: Rows, equation: Equation) -> Axes:
    """What works along other axes than the batch, which is the first."""
    if 0 in axes_of(equation.settings["axes"], len(equation.inputs[0].type.shape)):
        raise MixesRows
    for atom in equation.inputs:
        rows.need(atom, 0)
    return [0]


def mixing(rows: Rows, equation: Equation) -> Axes:
    raise MixesRows


BY_KIND: dict[PrimitiveKind, RowsRule] = {
    PrimitiveKind.POINTWISE: pointwise,
    PrimitiveKind.IDENTITY: pointwise,
    PrimitiveKind.PRODUCT: product,
    PrimitiveKind.REDUCTION: reduction,
    PrimitiveKind.CONTRACTION: mixing,
    PrimitiveKind.CHECK: same,
    PrimitiveKind.CONTROL: control,
    PrimitiveKind.OPAQUE: mixing,
    PrimitiveKind.COMPILED: mixing,
}
RULES: dict[Primitive, RowsRule] = {
    shaping.reshape: reshaping,
    shaping.transpose: transposing,
    shaping.broadcast: lambda rows, e: [rows.aligned(e.inputs, len(e.outputs[0].type.shape))],
    shaping.concatenate: joining,
    indexing.slice_: window,
    indexing.unslice: window,
    windows.windows: beside,
    windows.overlap_add: mixing,
    windows.flip: beside,
    window_maxima.take_at_maxima: beside,
    window_maxima.put_at_maxima: beside,
    indexing.take: taking,
    indexing.scatter_add: mixing,
}
"""The rules of single primitives, where they do not follow from the kind."""


def rule_of(primitive: Primitive) -> RowsRule:
    """The rule of a primitive; raises MixesRows for one without a rule."""
    if rule := RULES.get(primitive) or BY_KIND.get(primitive.kind):
        return rule
    raise MixesRows(f"{primitive} has no rule")
