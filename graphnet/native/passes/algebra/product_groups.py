"""Groups of matrix products that can become one: with a common operand, or in one sum."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass

from graphnet.ir.core.program import Atom, Equation, Program, Var, is_var
from graphnet.ir.primitives.pointwise import add
from graphnet.ir.primitives.product import matmul
from graphnet.ir.primitives.shaping import concatenate, reshape
from graphnet.native.analysis.rewrite import producers, read_by, read_counts
from graphnet.native.passes.algebra.sum_tree import sum_tree

KindOf = Callable[[Equation], Hashable]
"""Only products of one kind are merged."""

IsWorth = Callable[[list[Equation], tuple[int, ...]], bool]
"""Whether to merge these products, if their operands on these sides must be joined for it."""


@dataclass(frozen=True, slots=True)
class Merge:
    """Products that become one after the equation at ``index``.

    ``shared`` is the operand that all of them share (0 or 1), or None for the ``terms`` of a sum,
    whose result is that of ``root``. ``gone`` are the equations that are not computed any more.
    """

    index: int
    products: list[list[Equation]]
    shared: int | None
    gone: list[Equation]
    root: Equation | None = None
    terms: tuple[Atom, ...] = ()


Finder = Callable[[Program, KindOf, IsWorth], Iterator[Merge]]


def is_joinable(equation: Equation) -> bool:
    """A product of rows with one matrix: not one of many small matrices, nor with a vector."""
    return equation.primitive is matmul and len(equation.inputs[1].type.shape) == 2


# ---- sums of products


def sums_of_products(program: Program, kind_of: KindOf, is_worth: IsWorth) -> Iterator[Merge]:
    """``a @ A + b @ B + c`` becomes ``[a b] @ [A; B] + c``."""
    found = list(found_sums(program, kind_of, is_worth))
    align([group for merge in found for group in merge.products])
    return iter(found)


def align(groups: list[list[Equation]]) -> None:
    """Order the terms of sums in pairs that share left operands, so that what they share ends the
    operands of the one and begins those of the other: both are parts of one array then."""
    first_with: dict[Atom, list[Equation]] = {}
    paired: set[int] = set()
    for group in groups:
        lefts = {product.inputs[0]: product for product in group}
        others = (first_with.get(left) for left in lefts)
        other = next((g for g in others if g is not None and id(g) not in paired), None)
        if other is None:
            first_with.update(dict.fromkeys(lefts, group))
            continue
        theirs = dict.fromkeys(product.inputs[0] for product in other)
        if len(lefts) == len(group) and len(theirs) == len(other):
            shared = [lefts[left] for left in theirs if left in lefts]
            alone = [product for left, product in lefts.items() if left not in theirs]
            other.sort(key=lambda product: product.inputs[0] in lefts)
            group[:] = [*shared, *alone]
            paired.update((id(group), id(other)))


def found_sums(program: Program, kind_of: KindOf, is_worth: IsWorth) -> Iterator[Merge]:
    counts = read_counts(program)
    producer = producers(program.equations)
    inside: set[Equation] = set()
    for index in range(len(program.equations) - 1, -1, -1):
        root = program.equations[index]
        if root.primitive is not add or root in inside:
            continue
        adds, leaves = sum_tree(root, producer, counts)
        inside.update(adds)
        groups: dict[Hashable, list[Equation]] = {}
        path: dict[Equation, list[Equation]] = {}
        for leaf in leaves:
            found = product_behind(leaf, producer, counts)
            if found and leaf.type == root.outputs[0].type:
                product = found[-1]
                path[product] = found
                groups.setdefault((kind_of(product), product.outputs[0].type), []).append(product)
        chosen = [group for group in groups.values() if len(group) > 1 and is_worth(group, (0, 1))]
        if chosen:
            gone = [equation for group in chosen for p in group for equation in path[p]]
            results = {var for equation in gone for var in equation.outputs}
            rest = tuple(leaf for leaf in leaves if leaf not in results)
            yield Merge(index, chosen, None, [*adds, *gone], root, rest)


def product_behind(
    atom: Atom, producer: dict[Var, Equation], counts: dict[Var, int]
) -> list[Equation]:
    """The equations from this value back to the product that it is, perhaps of another shape, if
    nothing else reads them; none if it is no product."""
    path: list[Equation] = []
    while is_var(atom) and counts[atom] == 1 and (equation := producer.get(atom)):
        path.append(equation)
        if is_joinable(equation):
            return path
        if equation.primitive is not reshape:
            break
        (atom,) = equation.inputs
    return []


# ---- products with one operand in common


def with_the_same_left(program: Program, kind_of: KindOf, is_worth: IsWorth) -> Iterator[Merge]:
    """``x @ A`` and ``x @ B`` become slices of ``x @ [A B]``."""
    products = [equation for equation in program.equations if is_joinable(equation)]
    return sharing(program, products, 0, kind_of, is_worth)


def with_the_same_right(program: Program, kind_of: KindOf, is_worth: IsWorth) -> Iterator[Merge]:
    """``a @ W`` and ``b @ W`` become slices of ``[a; b] @ W``."""
    products = [
        equation
        for equation in program.equations
        if is_joinable(equation) and len(equation.inputs[0].type.shape) == 2
    ]
    return sharing(program, products, 1, kind_of, is_worth)


def sharing(
    program: Program,
    products: Iterable[Equation],
    shared: int,
    kind_of: KindOf,
    is_worth: IsWorth,
) -> Iterator[Merge]:
    groups: dict[Hashable, list[Equation]] = {}
    for equation in products:
        groups.setdefault((equation.inputs[shared], kind_of(equation)), []).append(equation)
    groups = {key: group for key, group in groups.items() if len(group) > 1}
    if not groups:
        return
    times, order = Times(program), Order(program)
    for group in groups.values():
        for index, members in times.computable_together(group):
            if len(members) > 1 and is_worth(members, (1 - shared,)):
                times.move(members, index)
                yield Merge(index, [order.of(members, 1 - shared)], shared, members)


class Order:
    """In which order operands are joined: as they are joined elsewhere, or as the sums that the
    products go into come, so that slices that are added to each other lie alike; final."""

    def __init__(self, program: Program) -> None:
        self.joined: dict[Atom, list[Equation]] = {}
        self.place: dict[Var, int] = {}
        counts = read_counts(program)
        for index in range(len(program.equations) - 1, -1, -1):
            equation = program.equations[index]
            if equation.primitive is concatenate:
                for part in equation.inputs:
                    self.joined.setdefault(part, []).append(equation)
            (result, *_) = equation.outputs
            if equation.primitive is add:
                place = self.place.setdefault(result, index) if counts.get(result) == 1 else index
                for term in read_by(equation):
                    self.place[term] = place

    def of(self, products: list[Equation], side: int) -> list[Equation]:
        operands = {product.inputs[side] for product in products}
        for joined in self.joined.get(products[0].inputs[side], ()):
            if operands.issubset(joined.inputs):
                rank: dict[Atom, int] = {atom: i for i, atom in enumerate(joined.inputs)}
                return sorted(products, key=lambda product: rank[product.inputs[side]])
        if not all(product.outputs[0] in self.place for product in products):
            return products
        return sorted(products, key=lambda product: self.place[product.outputs[0]])


class Times:
    """When values are made and first read: positions of equations, -1 for what is there at first.

    A merged product can stand where all its operands are there and none of its results has been
    read yet; final.
    """

    def __init__(self, program: Program) -> None:
        self.made: dict[Atom, int] = {}
        self.read: dict[Atom, int] = {}
        self.end = len(program.equations)
        for index, equation in enumerate(program.equations):
            for var in read_by(equation):
                self.read.setdefault(var, index)
            for var in equation.outputs:
                self.made[var] = index

    def computable_together(self, group: list[Equation]) -> Iterator[tuple[int, list[Equation]]]:
        """The products in groups as large as possible, with the position that each can have."""
        members: list[Equation] = []
        results: set[Atom] = set()
        ready, due = -1, self.end
        for equation in group:
            own_ready = max(self.made.get(atom, -1) for atom in equation.inputs)
            own_due = self.read.get(equation.outputs[0], self.end)
            reads_member = not results.isdisjoint(equation.inputs)
            if members and (reads_member or max(ready, own_ready) >= min(due, own_due)):
                yield ready, members
                members, results, ready, due = [], set(), -1, self.end
            members.append(equation)
            results.update(equation.outputs)
            ready, due = max(ready, own_ready), min(due, own_due)
        yield ready, members

    def move(self, members: list[Equation], index: int) -> None:
        """Note that these are computed after the equation at ``index``."""
        for equation in members:
            for var in read_by(equation):
                self.read[var] = min(self.read[var], index)
            self.made[equation.outputs[0]] = index
