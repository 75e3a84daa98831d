"""Gather and product change places: a small table is multiplied once, and then looked up.

An embedding of characters has a hundred rows, a batch of text thousands: ``take(E, i) @ W`` is
``take(E @ W, i)``, and the gradients of both are products with the sums of what meets each row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graphnet.ir.core.program import Atom, Equation, Origin, Program, Var, is_var, literal
from graphnet.ir.primitives.indexing import scatter_add, take
from graphnet.ir.primitives.pointwise import greater, where
from graphnet.ir.primitives.product import matmul
from graphnet.ir.primitives.shaping import broadcast, reshape, transpose
from graphnet.native.analysis.rewrite import TURNED, Rewriter, is_transpose, producers, read_counts
from graphnet.native.passes.simplification.dead_code import remove_dead_code

SMALL = 512
"""Rows of a table up to which it is taken for smaller than what is looked up in it. How much that
is depends on the batch, which no pass asks for."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """Rows of a table, one below the other: ``table[indices]`` as a matrix."""

    table: Atom
    indices: Atom
    origin: Origin | None
    """Of the look-up, for the error where an index is out of range."""


def look_up_products(program: Program) -> Program:
    """The program with products of small tables instead of what is looked up in them."""
    finder = LookupFinder(program)
    found = {e: rule for e in program.equations if (rule := finder.rewrite(e)) is not None}
    if not found:
        return program
    new = Rewriter()
    for equation in program.equations:
        if equation in found:
            new.replaced[equation.outputs[0]] = found[equation].emit(new, equation)
        else:
            new.keep(equation)
    outputs = new.atoms(program.outputs)
    return remove_dead_code(Program(program.inputs, new.equations, outputs))


@dataclass(frozen=True, slots=True)
class Forward:
    """``take(E, i) @ W`` is ``take(E @ W, i)``."""

    rows: Lookup
    matrix: Atom

    def emit(self, new: Rewriter, equation: Equation) -> Var:
        table, indices, matrix = new.atoms((self.rows.table, self.rows.indices, self.matrix))
        products = new.emit(matmul, (table, matrix), {}, equation.origin)
        taken = new.emit(take, (products, indices), {}, self.rows.origin)
        return reshaped(new, taken, equation)


@dataclass(frozen=True, slots=True)
class ToTable:
    """``scatter_add(G @ W, i)`` is ``scatter_add(G, i) @ W``."""

    rows: int
    indices: Atom
    left: Atom
    right: Atom

    def emit(self, new: Rewriter, equation: Equation) -> Var:
        sums = gathered(
            new, new.atom(self.left), new.atom(self.indices), self.rows, equation.origin
        )
        product = new.emit(matmul, (sums, new.atom(self.right)), {}, equation.origin)
        return reshaped(new, product, equation)


@dataclass(frozen=True, slots=True)
class ToMatrix:
    """``G.T @ take(E, i)`` is ``scatter_add(G, i).T @ E``; ``is_first``: the rows stand first."""

    rows: Lookup
    other: Atom
    is_first: bool

    def emit(self, new: Rewriter, equation: Equation) -> Var:
        table, indices = new.atoms((self.rows.table, self.rows.indices))
        origin = self.rows.origin
        sums = gathered(new, new.atom(self.other), indices, table.type.shape[0], origin)
        table = met_rows(new, table, indices, origin)
        left, right = (table, sums) if self.is_first else (sums, table)
        turned = new.emit(transpose, (left,), {"axes": TURNED}, equation.origin)
        return new.emit(matmul, (turned, right), {}, equation.origin)


Rewrite = Forward | ToTable | ToMatrix


class LookupFinder:
    """Finds what can be looked up; final."""

    def __init__(self, program: Program) -> None:
        self.made: Mapping[Var, Equation] = producers(program.equations)
        self.counts = read_counts(program)

    def rewrite(self, equation: Equation) -> Rewrite | None:
        if equation.primitive is scatter_add:
            return self.to_table(equation)
        if equation.primitive is not matmul or len(equation.outputs[0].type.shape) != 2:
            return None
        left, right = equation.inputs
        if len(right.type.shape) == 2 and (rows := self.lookup(left)) is not None:
            return Forward(rows, right)
        g = self.turned(left)
        if g is not None and (rows := self.lookup(right)) is not None:
            return ToMatrix(rows, g, is_first=False)
        if g is not None and (rows := self.lookup(g)) is not None:
            return ToMatrix(rows, right, is_first=True)
        return None

    def maker(self, atom: Atom) -> Equation | None:
        return self.made.get(atom) if is_var(atom) else None

    def turned(self, atom: Atom) -> Atom | None:
        equation = self.maker(atom)
        return equation.inputs[0] if equation is not None and is_transpose(equation) else None

    def unshaped(self, atom: Atom, alone: bool = False) -> Equation | None:
        """What made a value, if only reshaping that keeps the last axis came after; ``alone``: and
        nothing else reads it."""
        columns = atom.type.shape[-1:]
        while (equation := self.maker(atom)) is not None:
            if alone and is_var(atom) and self.counts.get(atom) != 1:
                return None
            if equation.primitive is not reshape:
                return equation
            (atom,) = equation.inputs
            if atom.type.shape[-1:] != columns:
                return None
        return None

    def lookup(self, atom: Atom) -> Lookup | None:
        equation = self.unshaped(atom) if len(atom.type.shape) == 2 else None
        if equation is None or equation.primitive is not take:
            return None
        table, indices = equation.inputs
        fits = len(table.type.shape) == 2 and table.type.shape[0] <= SMALL
        is_whole = table.type.shape[-1:] == atom.type.shape[-1:]
        return Lookup(table, indices, equation.origin) if fits and is_whole else None

    def to_table(self, equation: Equation) -> ToTable | None:
        added, indices = equation.inputs
        rows = equation.settings["rows"]
        if len(added.type.shape) != len(indices.type.shape) + 1 or rows > SMALL:
            return None
        product = self.unshaped(added, alone=True)
        if product is None or product.primitive is not matmul:
            return None
        left, right = product.inputs
        is_plain = len(right.type.shape) == 2 and len(left.type.shape) > 1
        same = right.type.shape[-1:] == added.type.shape[-1:]
        return ToTable(rows, indices, left, right) if is_plain and same else None


def gathered(new: Rewriter, values: Atom, indices: Atom, rows: int, origin: Origin | None) -> Var:
    """The sums of the rows of a matrix that have one index."""
    shape = (*indices.type.shape, values.type.shape[-1])
    spread = new.emit(reshape, (values,), {"shape": shape}, origin)
    return new.emit(scatter_add, (spread, indices), {"rows": rows}, origin)


def met_rows(new: Rewriter, table: Atom, indices: Atom, origin: Origin | None) -> Var:
    """The table with zeros in the rows that nobody looked up: what they hold, perhaps NaN, must not
    meet the zeros of the sums."""
    zero, one = (literal(number, table.type.dtype) for number in (0, 1))
    each = new.emit(broadcast, (one,), {"shape": (*indices.type.shape, 1)}, origin)
    rows = {"rows": table.type.shape[0]}
    counts = new.emit(scatter_add, (each, indices), rows, origin)
    met = new.emit(greater, (counts, zero), {}, origin)
    return new.emit(where, (met, table, zero), {}, origin)


def reshaped(new: Rewriter, value: Var, equation: Equation) -> Var:
    shape = equation.outputs[0].type.shape
    return new.emit(reshape, (value,), {"shape": shape}, equation.origin)
