"""Merging of products: those that share an operand, or that are added up, become one.

The gates of an LSTM multiply one x with four matrices: one product with the four joined gives the
same numbers. A sum a @ A + b @ B is one product of joined operands. Both are the same but for the
order of summation, so but for rounding.

In the body of a scan, products are of three kinds, which stay apart: those that do not depend on
what is carried can be computed for all steps before the scan; those that do, but that what is
carried does not depend on, after it; the others must stay.

What is merged does not depend on the number of steps or of rows, so that another batch gives a
program of the same structure, for which there is machine code already.
"""

from __future__ import annotations

from collections.abc import Hashable
from enum import Enum
from functools import reduce

from graphnet.ir.core.primitive import Extent
from graphnet.ir.core.program import Atom, Equation, Program, Var, is_var
from graphnet.ir.primitives.indexing import slice_
from graphnet.ir.primitives.pointwise import add
from graphnet.ir.primitives.product import matmul
from graphnet.ir.primitives.shaping import concatenate, reshape, transpose
from graphnet.native.analysis.rewrite import (
    Rewriter,
    depending,
    feeding,
    is_scan,
    is_transpose,
    read_by,
)
from graphnet.native.passes.algebra.product_groups import (
    Finder,
    KindOf,
    Merge,
    sums_of_products,
    with_the_same_left,
    with_the_same_right,
)
from graphnet.native.passes.loops.scans import Scan
from graphnet.native.passes.simplification.dead_code import remove_dead_code

SMALL = 8192
"""Numbers in matrices that are joined at each run. For larger ones the copy costs more than one
call saves: with 512 features and few rows the products took twice as long."""

FINDERS: tuple[Finder, ...] = (sums_of_products, with_the_same_left, with_the_same_right)


def merge(program: Program) -> Program:
    """The same program with fewer and larger products, where no rows of data are copied for it."""
    before = ordered = views_first(program)
    for find in FINDERS:
        scope = MergeScope(None, {})
        scope.rewrite(ordered, lambda equation: None, find)
        if scope.new.equations is not ordered.equations:
            ordered = Program(program.inputs, scope.new.equations, program.outputs)
    return program if ordered is before else remove_dead_code(ordered)


def views_first(program: Program) -> Program:
    """The program with the views of its inputs before all else: transposed weights are there then,
    wherever the products by them stand."""
    if product_count(program) < 2:
        return program
    given: set[Atom] = set(program.inputs)
    first, rest = [], []
    for equation in program.equations:
        if repeats_nothing(equation) and given.issuperset(equation.inputs):
            given.update(equation.outputs)
            first.append(equation)
        else:
            rest.append(equation)
    if program.equations[: len(first)] == first:
        return program
    return Program(program.inputs, [*first, *rest], program.outputs)


def repeats_nothing(equation: Equation) -> bool:
    """Whether it is a view without repetitions."""
    return equation.primitive.is_view and equation.primitive.extent is not Extent.MORE


def product_count(program: Program) -> int:
    return sum(equation.primitive is matmul for equation in program.equations)


class OperandRole(Enum):
    """The role of an operand in a merge."""

    WEIGHT = "a matrix that many rows meet"
    FRESH = "what pointwise primitives make, and can make where it belongs"
    DATA = "anything else, which is never copied"


class MergeScope:
    """The scope of a merge: a program, or the body of a scan inside an outer one; final.

    ``constants`` are the inputs of the body that are the same at each step, with what they are
    outside; joined ones are added to them.
    """

    def __init__(self, outer: MergeScope | None, constants: dict[Var, Atom]) -> None:
        self.outer = outer
        self.constants = constants
        self.new = Rewriter()
        self.known: dict[Hashable, Atom] = {}
        self.fresh: set[Atom] = set()
        self.given: set[Atom] = set()
        self.turned: set[Atom] = set()

    def rewrite(self, program: Program, kind_of: KindOf, find: Finder) -> None:
        """Fill ``new`` with the equations of the program, its products merged."""
        merges: dict[int, list[Merge]] = {}
        gone: set[Equation] = set()
        self.look_at(program)
        if product_count(program) > 1:
            for found in find(program, lambda p: (kind_of(p), *self.roles(p)), self.is_worth):
                merges.setdefault(found.index, []).append(found)
                gone.update(found.gone)
        if not merges and not any(map(is_scan, program.equations)):
            self.new.equations = program.equations
            return
        for found in merges.get(-1, ()):
            self.apply(found)
        for index, equation in enumerate(program.equations):
            if is_scan(equation):
                self.rewrite_scan(equation, find)
            elif equation not in gone:
                self.new.keep(equation)
            for found in merges.get(index, ()):
                self.apply(found)

    def look_at(self, program: Program) -> None:
        """Note what is made by pointwise equations, what is given, or a view of that, and what is
        turned round."""
        self.given.update(program.inputs)
        for equation in program.equations:
            if is_transpose(equation):
                self.turned.update(equation.outputs)
            if equation.primitive.is_pointwise:
                self.fresh.update(equation.outputs)
            elif equation.primitive.is_view and self.given.issuperset(read_by(equation)):
                self.given.update(equation.outputs)

    def rewrite_scan(self, equation: Equation, find: Finder) -> None:
        body: Program = equation.settings["body"]
        if product_count(body) < 2 and not any(map(is_scan, body.equations)):
            self.new.keep(equation)
            return
        scan = Scan.of(equation)
        inner = MergeScope(self, scan.constants)
        carried = depending(scan.equations, [item.enters for item in scan.carried])
        carrying = feeding(scan.equations, [item.leaves for item in scan.carried])

        def kind_of(product: Equation) -> tuple[bool, bool]:
            (result,) = product.outputs
            return result in carried, result in carried and result in carrying

        inner.rewrite(scan.body(), kind_of, find)
        scan.equations = inner.new.equations
        self.new.append(scan.equation())

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
            elif turned := self.transposed(parts):
                inner = self.join(turned, 1 - axis)  # copied as they lie
                self.known[key] = self.new.emit(transpose, (inner,), {"axes": (1, 0)})
            else:
                self.known[key] = self.new.emit(concatenate, parts, {"axis": axis})
        return self.known[key]

    def transposed(self, parts: tuple[Atom, ...]) -> tuple[Atom, ...]:
        """The matrices that these are the transposes of, if all of them are."""
        made = [self.new.producer.get(atom) if is_var(atom) else None for atom in parts]
        turned = [e.inputs[0] for e in made if e is not None and is_transpose(e)]
        return tuple(turned) if len(turned) == len(parts) else ()

    def is_constant(self, atom: Atom) -> bool:
        return not is_var(atom) or atom in self.constants

    def outside(self, atom: Atom) -> Atom:
        return self.constants[atom] if is_var(atom) else atom

    def role(self, product: Equation, side: int) -> OperandRole:
        if self.is_weight(product, side):
            return OperandRole.WEIGHT
        return OperandRole.FRESH if product.inputs[side] in self.fresh else OperandRole.DATA

    def roles(self, product: Equation) -> tuple[OperandRole, OperandRole]:
        return self.role(product, 0), self.role(product, 1)

    def is_worth(self, products: list[Equation], sides: tuple[int, ...]) -> bool:
        """Whether to join the operands on these sides: rows of data never are.

        A second product that adds to the first costs hardly more than one long product, so such
        a copy would not pay. In a body no rows are put below others: which of them belong to one
        entry of the batch could not be distinguished. Outside of scans nothing repeats, so that
        only small weights are joined.
        """
        roles = [self.role(products[0], side) for side in sides]  # all products have the same
        if OperandRole.DATA in roles:
            return False
        if self.outer:
            return sides != (0,) or roles == [OperandRole.WEIGHT]
        size = sum(product.inputs[1].type.size for product in products)
        return roles[-1] is OperandRole.WEIGHT and size <= SMALL

    def is_weight(self, product: Equation, side: int) -> bool:
        """Whether an operand is a matrix that many rows meet: a constant of the scan; outside of
        scans what is given, or a view of it, as the right operand of rows that are not turned
        round, as they are for the gradient of a weight."""
        if self.outer:
            return self.is_constant(product.inputs[side])
        left, right = product.inputs
        return side == 1 and right in self.given and left not in self.turned

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
