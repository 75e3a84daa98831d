"""Transpose propagation: a product that is only read transposed is computed transposed.

The gradient of a weight that was used transposed comes as ``(x.T @ g).T``: as ``g.T @ x`` it is an
array that lies as it is read, and the gradients of joined weights are rows of it.
"""

from __future__ import annotations

from graphnet.ir.core.program import Atom, Equation, Program, is_var
from graphnet.ir.primitives.indexing import slice_
from graphnet.ir.primitives.pointwise import add
from graphnet.ir.primitives.product import matmul
from graphnet.ir.primitives.shaping import transpose
from graphnet.native.analysis.rewrite import TURNED, Rewriter, is_transpose, read_by
from graphnet.native.passes.simplification.dead_code import everywhere


def orient(program: Program) -> Program:
    """The program with products turned round where only the transpose of them is read."""
    return everywhere(program, turned)


def turned(program: Program) -> Program:
    turning = turning_values(program)
    if not turning:
        return program
    turner = Turner()
    new = turner.new
    for equation in program.equations:
        if equation.outputs[0] in turning:
            turner.turn(equation)
        elif is_transpose(equation) and equation.inputs[0] in turning:
            (new.replaced[equation.outputs[0]],) = new.atoms(equation.inputs)
        else:
            new.keep(equation)
    return Program(program.inputs, new.equations, new.atoms(program.outputs))


def turning_values(program: Program) -> set[Atom]:
    """Products, slices of them and sums of such, of which nothing but the transpose is read.

    A sum or a slice turns only with all that it is made of, and all that is made of it: what is
    read as it is, or made of something else, is taken out of the candidates with its neighbours.
    """
    candidates: set[Atom] = {e.outputs[0] for e in program.equations if may_turn(e)}
    if not any(is_transpose(e) and e.inputs[0] in candidates for e in program.equations):
        return set()
    neighbours: dict[Atom, list[Atom]] = {}
    fixed: list[Atom] = [atom for atom in program.outputs if atom in candidates]
    for equation in program.equations:
        result: Atom = equation.outputs[0]
        linked = result in candidates and equation.primitive is not matmul
        for atom in read_by(equation):
            if linked and atom in candidates:
                neighbours.setdefault(result, []).append(atom)
                neighbours.setdefault(atom, []).append(result)
            elif linked:
                fixed.append(result)
            elif atom in candidates and not is_transpose(equation):
                fixed.append(atom)
    found = set(candidates)
    while fixed:
        last = fixed.pop()
        if last in found:
            found.discard(last)
            fixed += neighbours.get(last, ())
    return found & ends_transposed(program, found)


def ends_transposed(program: Program, candidates: set[Atom]) -> set[Atom]:
    """The candidates that some transposition is made of."""
    found: set[Atom] = set()
    for equation in reversed(program.equations):
        if is_transpose(equation) or not found.isdisjoint(equation.outputs):
            found.update(candidates.intersection(equation.inputs))
    return found


def may_turn(equation: Equation) -> bool:
    """Whether the transpose can be computed instead, with the same effort."""
    if equation.primitive not in (matmul, slice_, add):
        return False
    (result,) = equation.outputs
    if equation.primitive is add:
        return len(result.type.shape) == 2 and all(a.type == result.type for a in equation.inputs)
    return all(len(atom.type.shape) == 2 for atom in (*equation.inputs, result))


class Turner:
    """A program in which ``new.replaced`` has the transposes of what turns; final."""

    def __init__(self) -> None:
        self.new = Rewriter()
        self.known: dict[Atom, Atom] = {}

    def turn(self, equation: Equation) -> None:
        (result,) = equation.outputs
        inputs = self.new.atoms(equation.inputs)
        if equation.primitive is matmul:
            left, right = inputs
            inputs = self.transposed(right), self.transposed(left)
        settings = equation.settings
        if equation.primitive is slice_:
            settings = {"window": tuple(settings["window"])[::-1]}
        self.new.replaced[result] = self.new.emit(
            equation.primitive, inputs, settings, equation.origin
        )

    def transposed(self, atom: Atom) -> Atom:
        if atom not in self.known:
            equation = self.new.producer.get(atom) if is_var(atom) else None
            if equation is not None and is_transpose(equation):
                self.known[atom] = equation.inputs[0]
            else:
                self.known[atom] = self.new.emit(transpose, (atom,), {"axes": TURNED})
        return self.known[atom]
