"""Deferrable values of a scan: those that no later step reads; how they are computed after it."""

from __future__ import annotations

from collections.abc import Iterable

from graphnet.ir.core.primitive import Extent
from graphnet.ir.core.program import Atom, Equation, Var, is_var
from graphnet.ir.core.types import ArrayType, normalise_axis
from graphnet.ir.primitives.indexing import slice_
from graphnet.ir.primitives.product import matmul
from graphnet.ir.primitives.shaping import concatenate
from graphnet.native.passes.loops.scans import Carried, Result, Scan
from graphnet.native.passes.loops.vectorize import Operand, Vectorizer, can_vectorize


class Deferrable:
    """Which values leave a scan that goes on carrying only some of its values; final.

    ``leaving`` are the late products by a constant, and what is computed from these.
    ``staying`` is what the carried values and the remaining results are computed from.
    """

    def __init__(self, scan: Scan, carried: Iterable[Carried]) -> None:
        self.made = {var: equation for equation in scan.equations for var in equation.outputs}
        self.order: dict[Atom, int] = {var: index for index, var in enumerate(self.made)}
        carry: list[Atom] = [value.leaves for value in carried]
        self.leaving = leaving(scan, behind(scan, carry))
        kept = [result.inside for result in scan.results if result.inside not in self.leaving]
        self.staying = behind(scan, [*carry, *kept])

    def maker(self, atom: Atom) -> Equation | None:
        """The equation of the body that makes a value; None for its inputs and literals."""
        return self.made.get(atom) if is_var(atom) else None

    def is_joined(self, atom: Atom) -> bool:
        equation = self.maker(atom)
        return equation is not None and equation.primitive is concatenate

    def in_order(self, atoms: Iterable[Atom]) -> list[Atom]:
        """Each after those that it is computed from."""
        return sorted(atoms, key=lambda atom: self.order.get(atom, -1))


def behind(scan: Scan, roots: Iterable[Atom]) -> set[Atom]:
    """These values, and all that they are computed from."""
    found = set(roots)
    for equation in reversed(scan.equations):
        if not found.isdisjoint(equation.outputs):
            found.update(equation.inputs)
    return found


def leaving(scan: Scan, early: set[Atom]) -> set[Atom]:
    """Products by a constant and what follows from them, where neither an early value nor an
    equation that must stay reads it."""
    constants: set[Atom] = set(scan.constants)
    after: set[Atom] = set()
    for equation in scan.equations:
        is_product = equation.primitive is matmul and not constants.isdisjoint(equation.inputs)
        if equation.outputs[0] not in early and (
            is_product or not after.isdisjoint(equation.inputs)
        ):
            stepped = [is_var(atom) and atom not in constants for atom in equation.inputs]
            if can_vectorize(equation, stepped):
                after.add(equation.outputs[0])
    held: set[Atom] = set()
    for equation in reversed(scan.equations):
        if equation.outputs[0] in held or equation.outputs[0] not in after:
            held.update(equation.inputs)
    return after - held


class Stacks:
    """Values of the steps as arrays over all steps: found, made anew or stacked; final.

    ``results`` of the scan grow by what must be stacked; ``vectorizer`` has what follows the scan.
    """

    def __init__(self, scan: Scan, late: Deferrable) -> None:
        self.late = late
        self.vectorizer = Vectorizer(scan.length)
        self.results = list(scan.results)
        self.found: dict[Atom, Operand] = {
            result.inside: Operand(result.outside, True)
            for result in scan.results
            if is_var(result.inside) and result.inside not in late.leaving
        }
        self.found.update((v, Operand(atom, False)) for v, atom in scan.constants.items())
        self.found.update((v, Operand(atom, True)) for v, atom in scan.sequences.items())
        self.joined: dict[Atom, Equation] = {
            part: equation
            for equation in scan.equations
            if equation.primitive is concatenate
            for part in equation.inputs
        }

    def operand(self, atom: Atom) -> Operand:
        """The value over all steps; none is stacked twice."""
        needed: dict[Atom, Equation | None] = {}
        pending = [atom]
        while pending:
            value = pending.pop()
            if value not in needed and not self.is_found(value):
                needed[value] = equation = self.made_anew(value)
                pending += equation.inputs if equation else ()
        for value in self.late.in_order(needed):
            equation = needed[value]
            if equation:
                operands = [self.found[read] for read in equation.inputs]
                self.found[value] = self.vectorizer.vectorized(equation, operands)
            elif is_var(value):
                self.found[value] = Operand(self.stack(value), True)
            else:
                self.found[value] = Operand(value, False)
        return self.found[atom]

    def is_at_hand(self, atom: Atom) -> bool:
        """Whether the value needs no more to be stacked than is stacked already."""
        pending, seen = [atom], {atom}
        while pending:
            value = pending.pop()
            if is_var(value) and not self.is_found(value):
                equation = self.made_anew(value)
                if equation is None:
                    return False
                pending += [read for read in equation.inputs if read not in seen]
                seen.update(equation.inputs)
        return True

    def is_found(self, atom: Atom) -> bool:
        """Whether the value is there over all steps, perhaps as a part of a stacked whole."""
        whole = self.joined.get(atom)
        if atom in self.found or whole is None:
            return atom in self.found
        operand = self.found.get(whole.outputs[0])
        if operand is None or not operand.stepped:
            return False
        axis = normalise_axis(whole.settings["axis"], len(atom.type.shape))
        before = whole.inputs[: whole.inputs.index(atom)]
        start = sum(part.type.shape[axis] for part in before)
        window = [(0, size, 1) for size in operand.atom.type.shape]
        window[axis + 1] = (start, start + atom.type.shape[axis], 1)
        self.found[atom] = Operand(
            self.vectorizer.emit(slice_, operand.atom, window=tuple(window)), True
        )
        return True

    def made_anew(self, atom: Atom) -> Equation | None:
        """The equation of a value that is made after the scan: what leaves, and moves, unless
        more would be stacked."""
        equation = self.late.maker(atom)
        if equation is None or atom in self.late.leaving:
            return equation
        if equation.primitive is slice_ and self.late.is_joined(equation.inputs[0]):
            return equation  # the whole is stacked for its other parts anyway
        is_view = equation.primitive.is_view
        small = is_view and equation.primitive.extent is not Extent.PART
        known = all(not is_var(read) or read in self.found for read in equation.inputs)
        return equation if small or (known and is_view) else None

    def stack(self, atom: Var) -> Var:
        outside = Var(ArrayType((self.vectorizer.length, *atom.type.shape), atom.type.dtype))
        self.results.append(Result(atom, outside))
        return outside
