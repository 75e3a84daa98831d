"""Accumulation: a product that is only added to something begins from that.

``a @ b + c`` becomes ``matmul_add(a, b, c)``, which writes the result once. This is the last pass,
since no other one knows that primitive.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

from graphnet.ir.core.program import Atom, Equation, Program, is_var
from graphnet.ir.core.types import ArrayType, Shape
from graphnet.ir.primitives.indexing import take
from graphnet.ir.primitives.pointwise import add
from graphnet.ir.primitives.shaping import broadcast, reshape
from graphnet.native.analysis.matmul_add import is_row, matmul_add
from graphnet.native.analysis.rewrite import Rewriter, producers, read_by, read_counts
from graphnet.native.lowering.fusion import is_fusible
from graphnet.native.passes.algebra.product_groups import product_behind
from graphnet.native.passes.algebra.sum_tree import SumTree, sums_of
from graphnet.native.passes.simplification.dead_code import everywhere, remove_dead_code


def accumulate(program: Program) -> Program:
    """The program with sums computed in products, where these are terms that nothing else reads."""
    return everywhere(biased_tables(program), accumulated)


def biased_tables(program: Program) -> Program:
    """``take(a @ b, i) + row`` becomes ``take(a @ b + row, i)``, if nothing else reads either."""
    made, counts = producers(program.equations), read_counts(program)
    found: dict[Equation, tuple[Equation, Atom]] = {}
    for equation in program.equations:
        for rows, bias in (equation.inputs, equation.inputs[::-1]) if is_sum(equation) else ():
            looked_up = made.get(rows) if is_var(rows) and counts[rows] == 1 else None
            if looked_up is None or looked_up.primitive is not take or not rows.type.shape:
                continue
            table, width = looked_up.inputs[0], rows.type.shape[-1:]
            fits = len(bias.type.shape) <= 2 and is_row(bias.type, *width)
            same = table.type.shape[1:] == width and rows.type == equation.outputs[0].type
            if fits and same and len(product_behind(table, made, counts)) == 1:
                found[equation] = looked_up, bias
    if not found:
        return program
    new = Rewriter()
    for equation in program.equations:
        new.keep(equation)
        if equation in found:
            looked_up, bias = found[equation]
            table, indices, bias = new.atoms((*looked_up.inputs, bias))
            biased = new.emit(add, (table, bias), {}, equation.origin)
            taken = new.emit(take, (biased, indices), {}, looked_up.origin)
            new.replaced[equation.outputs[0]] = taken
    outputs = new.atoms(program.outputs)
    return remove_dead_code(Program(program.inputs, new.equations, outputs))


def is_sum(equation: Equation) -> bool:
    return equation.primitive is add and equation.outputs[0].type.is_float


def accumulated(program: Program) -> Program:
    chains = ChainFinder(program).chains()
    if not chains:
        return program
    due: dict[int, list[Chain]] = {}
    for chain in chains:
        due.setdefault(chain.index, []).append(chain)
    at_root = {chain.sum.root: chain for chain in chains}
    maker = Maker()
    for index, equation in enumerate(program.equations):
        maker.new.keep(equation)  # products and sums that are replaced are dead code now
        for chain in due.get(index, ()):
            maker.compute(chain)
        if equation in at_root:
            maker.finish(at_root[equation])
    outputs = maker.new.atoms(program.outputs)
    return Program(program.inputs, maker.new.equations, outputs)


@dataclass(slots=True, eq=False)
class Chain:
    """Products of a sum, each of which begins from the one before.

    The first begins from ``start``, if there is one; ``rest`` is added to the last. All products
    are computed after the equation at ``index``.
    """

    sum: SumTree
    products: list[Equation]
    start: Atom | None
    rest: list[Atom]
    index: int

    @property
    def shape(self) -> Shape:
        return self.sum.root.outputs[0].type.shape


class ChainFinder:
    """Finds what can be accumulated in a program, without its bodies; final."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.made = producers(program.equations)
        self.counts = read_counts(program)
        self.index: dict[Atom, int] = {
            var: index for index, e in enumerate(program.equations) for var in e.outputs
        }
        loops = loops_of(program)
        self.stored: set[Atom] = set(program.outputs)
        for equation in program.equations:
            own = loops.get(equation.outputs[0], -1) if equation.outputs else -1
            self.stored.update(var for var in read_by(equation) if loops.get(var) != own)

    def chains(self) -> list[Chain]:
        found = (self.chain(sum) for sum in sums_of(self.program))
        return [chain for chain in found if chain is not None]

    def chain(self, sum: SumTree) -> Chain | None:
        type = sum.root.outputs[0].type
        if not type.is_float:
            return None
        products: list[Equation] = []
        rest: list[Atom] = []
        for term in sum.terms:
            path = product_behind(term, self.made, self.counts) if term.type == type else []
            if path:
                products.append(path[-1])
            else:
                rest.append(term)
        if not products:
            return None
        products.sort(key=lambda product: self.index[product.outputs[0]])
        start = self.start_among(rest, type, products[0])
        if start is None and len(products) < 2:
            return None
        index = self.index[products[-1].outputs[0]]
        if start is not None:
            rest.remove(start)  # once: the same array may be added twice
            index = sum.index if self.index.get(start, -1) > index else index
        return Chain(sum, products, start, rest, index)

    def start_among(self, terms: list[Atom], type: ArrayType, product: Equation) -> Atom | None:
        """The term that the products best begin from: an array that lies in memory anyway, else a
        row."""
        whole = [term for term in terms if term.type == type and self.lies_in_memory(term)]
        columns = type.shape[-1]
        if product.outputs[0].type.shape[-1] != columns:
            return next(iter(whole), None)
        rows = [t for t in terms if t.type != type and is_row(t.type, columns)]
        return next(iter([*whole, *rows]), None)

    def lies_in_memory(self, atom: Atom) -> bool:
        """Whether an array is in memory even if no product reads it; what a loop computes is not
        where only the same loop reads it, nor is what is repeated."""
        equation = self.made.get(atom) if is_var(atom) else None
        if equation is None or equation.primitive is broadcast:
            return equation is None
        return not is_fusible(equation) or atom in self.stored


def loops_of(program: Program) -> dict[Atom, int]:
    """Which loop computes the result of a pointwise equation: one for a shape, until something
    else reads a result of it."""
    found: dict[Atom, int] = {}
    current: dict[Shape, int] = {}
    for index, equation in enumerate(program.equations):
        shape = equation.outputs[0].type.shape if equation.outputs else ()
        is_looped = is_fusible(equation)
        for var in read_by(equation):
            other = not is_looped or var.type.shape != shape
            if other and found.get(var) == current.get(var.type.shape):
                current.pop(var.type.shape, None)
        if is_looped:
            found[equation.outputs[0]] = current.setdefault(shape, index)
    return found


class Maker:
    """The new program; final."""

    def __init__(self) -> None:
        self.new = Rewriter()
        self.last: dict[Chain, Atom] = {}

    def compute(self, chain: Chain) -> None:
        """The products of a chain."""
        atom = None if chain.start is None else self.new.atom(chain.start)
        for product in chain.products:
            if atom is None:
                atom = product.outputs[0]
                continue
            type = product.outputs[0].type
            start = self.beginning(atom, type)
            inputs = (*self.new.atoms(product.inputs), start)
            atom = self.new.emit(matmul_add, inputs, {}, product.origin)
        assert atom is not None
        self.last[chain] = atom

    def finish(self, chain: Chain) -> None:
        """The sum in its own shape, and its other terms."""
        total = self.reshaped(self.last[chain], chain.shape)
        self.new.replaced[chain.sum.root.outputs[0]] = self.add_up(total, chain.rest, chain.sum)

    def add_up(self, first: Atom, rest: Iterable[Atom], sum: SumTree) -> Atom:
        terms = self.new.atoms(tuple(rest))
        return reduce(lambda a, b: self.new.emit(add, (a, b), {}, sum.root.origin), terms, first)

    def beginning(self, atom: Atom, type: ArrayType) -> Atom:
        """The addend of a product of this type: a row stays a row."""
        if atom.type.size == type.size:
            return self.reshaped(atom, type.shape)
        if len(atom.type.shape) > len(type.shape):
            return self.reshaped(atom, atom.type.shape[-1:])
        return atom

    def reshaped(self, atom: Atom, shape: Shape) -> Atom:
        if atom.type.shape == shape:
            return atom
        equation = self.new.producer.get(atom) if is_var(atom) else None
        if equation is not None and equation.primitive is reshape:
            (inner,) = equation.inputs
            if inner.type.shape == shape:
                return inner
        origin = None if equation is None else equation.origin
        return self.new.emit(reshape, (atom,), {"shape": shape}, origin)
