"""Products that share an operand, or that are added up, become one larger product.

The gates of an LSTM multiply one x with four matrices: one product with the four joined gives the
same numbers. A sum a @ A + b @ B is one product of joined operands. Both are the same but for the
order of summation, so but for rounding.

In the body of a scan, two products are merged only if they agree on whether they depend on what is
carried, and on whether what is carried depends on them: one kind can be computed for all steps
before the scan, the other after it, and they must stay apart from those that cannot.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import reduce

from graphnet.ir.indexing import slice_
from graphnet.ir.pointwise import add
from graphnet.ir.product import matmul, matmul_count
from graphnet.ir.program import Atom, Equation, Program, Var, is_var
from graphnet.ir.shaping import concatenate, reshape
from graphnet.native.passes.dead_code import remove_dead_code
from graphnet.native.passes.products import (
    Finder,
    KindOf,
    Merge,
    sums_of_products,
    with_the_same_left,
    with_the_same_right,
)
from graphnet.native.rewrite import Rewriter, ScanParts, depending, feeding, is_scan

COPY = 8
"""What copying one number costs, in multiply-adds of a product."""

CALL = 1000
"""What starting a product costs, in multiply-adds: merging n of them saves n - 1 starts."""

BETTER = 0.25
"""The part of its time that a product saves by being larger."""

FINDERS: tuple[Finder, ...] = (sums_of_products, with_the_same_left, with_the_same_right)


def merge(program: Program) -> Program:
    """The same program with fewer and larger products, where joining costs less than it saves."""
    for find in FINDERS:
        scope = Scope(None, {}, 1)
        scope.rewrite(program, lambda equation: None, find)
        program = Program(program.inputs, scope.new.equations, program.outputs)
    return remove_dead_code(program)


class Scope:
    """Where products are merged: a program, or the body of a scan inside an outer one; final.

    ``constants`` are the inputs of the body that are the same at each step, with what they are
    outside; joined ones are added to them.
    """

    def __init__(self, outer: Scope | None, constants: dict[Var, Atom], length: int) -> None:
        self.outer = outer
        self.constants = constants
        self.length = length
        self.new = Rewriter()
        self.known: dict[Hashable, Atom] = {}

    def rewrite(self, program: Program, kind_of: KindOf, find: Finder) -> None:
        """Fill ``new`` with the equations of the program, its products merged."""
        merges: dict[int, list[Merge]] = {}
        gone: set[Equation] = set()
        for found in find(program, kind_of, self.is_worth):
            merges.setdefault(found.index, []).append(found)
            gone.update(found.gone)
        for found in merges.get(-1, ()):
            self.apply(found)
        for index, equation in enumerate(program.equations):
            if is_scan(equation):
                self.rewrite_scan(equation, find)
            elif equation not in gone:
                self.new.keep(equation)
            for found in merges.get(index, ()):
                self.apply(found)

    def rewrite_scan(self, equation: Equation, find: Finder) -> None:
        parts = ScanParts.of(equation)
        inner = Scope(self, parts.constants, parts.length)
        carried = depending(parts.equations, [item.input for item in parts.carried])
        carrying = feeding(parts.equations, [item.output for item in parts.carried])

        def kind_of(product: Equation) -> tuple[bool, bool]:
            return product.outputs[0] in carried, product.outputs[0] in carrying

        inner.rewrite(parts.body(), kind_of, find)
        parts.equations = inner.new.equations
        self.new.append(parts.equation())

    # ---- joining

    def join(self, parts: tuple[Atom, ...], axis: int) -> Atom:
        """The arrays joined: outside of the scan if all of them are constants of it."""
        key = (parts, axis)
        if key not in self.known:
            if self.outer and all(self.is_constant(atom) for atom in parts):
                outside = self.outer.join(tuple(self.outside(atom) for atom in parts), axis)
                var = Var(outside.type)
                self.constants[var] = outside
                self.known[key] = var
            else:
                self.known[key] = self.new.emit(concatenate, parts, {"axis": axis})
        return self.known[key]

    def is_constant(self, atom: Atom) -> bool:
        return not is_var(atom) or atom in self.constants

    def outside(self, atom: Atom) -> Atom:
        return self.constants[atom] if is_var(atom) else atom

    def copied(self, atoms: list[Atom]) -> float:
        """How many numbers are copied when these arrays are joined, for each time they are used."""
        if self.outer and all(self.is_constant(atom) for atom in atoms):
            outside = [self.outside(atom) for atom in atoms]
            return self.outer.copied(outside) / max(self.length, 1)
        return sum(atom.type.size for atom in atoms)

    def is_worth(self, products: list[Equation], joins: list[list[Atom]]) -> bool:
        """Whether joining these operands costs less than merging the products saves."""
        work = sum(matmul_count(*[atom.type for atom in p.inputs]) for p in products)
        saved = CALL * (len(products) - 1) + BETTER * work
        return COPY * sum(map(self.copied, joins)) <= saved

    # ---- applying

    def apply(self, found: Merge) -> None:
        if found.root is None:
            self.apply_shared(found)
        else:
            self.apply_sum(found, found.root)

    def apply_shared(self, found: Merge) -> None:
        """One product, and a slice of it for each of those that it stands for."""
        (products,), shared = found.products, found.shared
        first = products[0]
        if shared == 0:
            joined = self.join(tuple(p.inputs[1] for p in products), 1)
            operands = (first.inputs[0], joined)
        else:
            joined = self.join(tuple(p.inputs[0] for p in products), 0)
            operands = (joined, first.inputs[1])
        whole = self.new.emit(matmul, operands, {}, first.origin)
        axis = len(whole.type.shape) - 1 if shared == 0 else 0
        start = 0
        for product in products:
            (var,) = product.outputs
            window = [(0, n, 1) for n in var.type.shape]
            window[axis] = (start, start + var.type.shape[axis], 1)
            start = window[axis][1]
            settings = {"window": tuple(window)}
            self.new.append(Equation(slice_, (whole,), settings, (var,), product.origin))

    def apply_sum(self, found: Merge, root: Equation) -> None:
        """One product for each group, and what else is added."""
        terms: list[Atom] = []
        for group in found.products:
            left = self.join(
                tuple(p.inputs[0] for p in group), len(group[0].inputs[0].type.shape) - 1
            )
            right = self.join(tuple(p.inputs[1] for p in group), 0)
            term = self.new.emit(matmul, (left, right), {}, group[0].origin)
            shape = root.outputs[0].type.shape
            if term.type.shape != shape:
                term = self.new.emit(reshape, (term,), {"shape": shape}, root.origin)
            terms.append(term)
        total = reduce(
            lambda a, b: self.new.emit(add, (a, b), {}, root.origin), [*terms, *found.terms]
        )
        last = self.new.equations.pop()  # it is given the name of the sum
        assert last.outputs == (total,)
        self.new.append(
            Equation(last.primitive, last.inputs, last.settings, root.outputs, last.origin)
        )
