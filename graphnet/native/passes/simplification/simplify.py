"""Simplification: identities, literals computed, nothing computed twice, nothing unread."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

from graphnet.ir.core.program import Atom, Equation, Literal, Program, Var, is_var, literal
from graphnet.ir.core.types import ArrayType, NDArray
from graphnet.ir.primitives import shaping
from graphnet.native.analysis.rewrite import Rewriter, is_scan, uniform_value, with_inputs
from graphnet.native.passes.loops.scans import Carried, Result, Scan
from graphnet.native.passes.simplification.candidate import Candidate, same_bits
from graphnet.native.passes.simplification.dead_code import remove_dead_code
from graphnet.native.passes.simplification.identities import replacement


def simplify(program: Program) -> Program:
    """The same program, with less to compute; what is exact is said in ``identities.py``.

    One walk in the order of execution, then one against it that drops what nobody reads.
    """
    walk = Simplifier()
    walk.add_all(program.equations)
    outputs = walk.new.atoms(program.outputs)
    return remove_dead_code(Program(program.inputs, walk.new.equations, outputs))


class Simplifier:
    """The walk over one program, or over the body of a scan; final."""

    def __init__(self) -> None:
        self.new = Rewriter()
        self.seen: dict[Hashable, Atom] = {}

    def add_all(self, equations: Iterable[Equation]) -> None:
        for equation in equations:
            if is_scan(equation):
                self.add_scan(equation)
            elif equation.primitive.many or equation.primitive.effect:
                self.new.keep(equation)
            else:
                self.add(equation)

    def add(self, equation: Equation) -> None:
        """Add an equation of one result, or what replaces it."""
        (var,) = equation.outputs
        inputs = self.new.atoms(equation.inputs)
        call = Candidate(equation.primitive, inputs, equation.settings, var.type, self.new.producer)
        atom = self.simplest(call)
        if isinstance(atom, Candidate):
            key = call_key(atom)
            if key in self.seen:
                atom = self.seen[key]
            elif atom is call:
                self.new.append(with_inputs(equation, inputs))
                self.seen[key] = var
                return
            else:
                result = self.new.emit(atom.primitive, atom.inputs, atom.settings, equation.origin)
                atom = self.seen[key] = result
        self.new.replaced[var] = atom

    def simplest(self, call: Candidate) -> Atom | Candidate:
        """The call after all identities; each of them leaves less to do, so this ends."""
        found: Atom | Candidate = call
        while isinstance(found, Candidate):
            better = replacement(found)
            if better is None:
                return found
            found = better
        return found

    def filled(self, value: NDArray, type: ArrayType) -> Atom:
        """An array of this type with this number in every place."""
        number = literal(value, dtype=type.dtype)
        if not type.shape:
            return number
        settings = {"shape": type.shape}
        key = call_key(Candidate(shaping.broadcast, (number,), settings, type, {}))
        if key not in self.seen:
            self.seen[key] = self.new.emit(shaping.broadcast, (number,), settings)
        return self.seen[key]

    def uniform(self, atom: Atom) -> NDArray | None:
        return uniform_value(self.new.atom(atom), self.new.producer)

    # ---- scans

    def add_scan(self, equation: Equation) -> None:
        """Add a scan, whose body is simplified with what is known of the operands."""
        if equation.has_effect():  # its steps must be taken, whatever is known of their results
            self.new.keep(equation)
            return
        scan = Scan.of(with_inputs(equation, self.new.atoms(equation.inputs)))
        body = self.body_of(scan)
        while still := [item for item in scan.carried if self.is_still(item, body)]:
            # a value that no step changes is a constant, and the body may be simpler for it
            for item in still:
                scan.constants[item.enters] = item.initial
                self.new.replaced[item.final] = item.initial
            scan.carried = [item for item in scan.carried if item not in still]
            body = self.body_of(scan)
        scan.equations = body.new.equations
        for item in scan.carried:
            item.leaves = body.new.atom(item.leaves)
        scan.results = self.remaining_results(scan, body)
        if scan.carried or scan.results:
            self.new.append(scan.equation())

    def body_of(self, scan: Scan) -> Simplifier:
        """The simplified body: operands of one number in all places are made inside, and an
        operand that comes twice is read once."""
        body = Simplifier()
        for operands in (scan.constants, scan.sequences):
            first: dict[Hashable, Var] = {}
            for var, operand in operands.items():
                value = self.uniform(operand)
                if value is not None:
                    body.new.replaced[var] = body.filled(value, var.type)
                elif (same := first.setdefault(atom_key(operand), var)) is not var:
                    body.new.replaced[var] = same
        body.add_all(scan.equations)
        return body

    def is_still(self, item: Carried, body: Simplifier) -> bool:
        """Whether each step gives the carried value as it is at first."""
        output = body.new.atom(item.leaves)
        if output is item.enters:
            return True
        before, after = self.uniform(item.initial), body.uniform(output)
        return before is not None and after is not None and same_bits(before, after)

    def remaining_results(self, scan: Scan, body: Simplifier) -> list[Result]:
        """The results that must be stacked: not those known without running the scan."""
        first: dict[Atom, Var] = {}
        remaining: list[Result] = []
        for old, stack in scan.results:
            atom = body.new.atom(old)
            value = body.uniform(atom)
            if value is not None:
                known: Atom = self.filled(value, stack.type)
            elif is_var(atom) and atom in scan.sequences:
                known = scan.sequences[atom]
            elif is_var(atom) and atom in scan.constants:
                known = self.new.emit(
                    shaping.broadcast,
                    (scan.constants[atom],),
                    {"shape": stack.type.shape},
                    scan.origin,
                )
            else:
                known = first.setdefault(atom, stack)
            if known is stack:
                remaining.append(Result(atom, stack))
            else:
                self.new.replaced[stack] = known
        return remaining


def atom_key(atom: Atom) -> Hashable:
    """Equal for atoms of equal values: literals are compared bit by bit if they are small."""
    if isinstance(atom, Literal) and atom.value.size <= 16:
        return atom.type, atom.value.tobytes()
    return atom


def call_key(call: Candidate) -> Hashable:
    """Equal for calls that give the same."""
    atoms: Any = [atom_key(atom) for atom in call.inputs]
    if call.primitive.commutes:
        atoms.sort(key=hash)  # a + b is b + a
    if not call.settings:
        return call.primitive, tuple(atoms)
    settings = [(name, frozen(value)) for name, value in call.settings.items()]
    return call.primitive, tuple(atoms), tuple(sorted(settings))


def frozen(value: Any) -> Hashable:
    return tuple(map(frozen, value)) if isinstance(value, (list, tuple)) else value
