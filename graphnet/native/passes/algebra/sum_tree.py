"""Sums by their terms: additions that only go into each other are one sum of many terms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

from graphnet.ir.core.program import Atom, Equation, Program, Var, is_var
from graphnet.ir.primitives.pointwise import add
from graphnet.native.analysis.rewrite import Rewriter, producers, read_counts
from graphnet.native.passes.simplification.dead_code import remove_dead_code


@dataclass(slots=True, eq=False)
class SumTree:
    """An addition that is no term of another, its terms, and where it stands."""

    root: Equation
    index: int
    terms: list[Atom]

    def is_of(self, atom: Atom) -> bool:
        return atom.type == self.root.outputs[0].type


def sums_of(program: Program) -> list[SumTree]:
    """All sums, in the order of execution."""
    counts, producer = read_counts(program), producers(program.equations)
    found: list[SumTree] = []
    inside: set[Equation] = set()
    for index in range(len(program.equations) - 1, -1, -1):
        root = program.equations[index]
        if root.primitive is add and root not in inside:
            adds, terms = sum_tree(root, producer, counts)
            inside.update(adds)
            found.append(SumTree(root, index, terms))
    return found[::-1]


class Sums:
    """The sums of a program, and the program with them made anew; final."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.all = sums_of(program)
        self.made = producers(program.equations)
        self.new = Rewriter()

    def add_up(self, terms: Iterable[Atom], sum: SumTree) -> Atom:
        return reduce(lambda a, b: self.new.emit(add, (a, b), {}, sum.root.origin), terms)

    def replace(self, sum: SumTree, terms: list[Atom]) -> None:
        """Let the sum be the sum of these terms."""
        self.new.replaced[sum.root.outputs[0]] = self.add_up(self.new.atoms(terms), sum)

    def finished(self) -> Program:
        outputs = self.new.atoms(self.program.outputs)
        return remove_dead_code(Program(self.program.inputs, self.new.equations, outputs))


def sum_tree(
    root: Equation, producer: dict[Var, Equation], counts: dict[Var, int]
) -> tuple[list[Equation], list[Atom]]:
    """The additions whose results go into this one and nowhere else, itself among them, and what
    they add up, from left to right."""
    adds, leaves = [root], []
    waiting = list(reversed(root.inputs))
    while waiting:
        atom = waiting.pop()
        equation = producer.get(atom) if is_var(atom) and counts[atom] == 1 else None
        if equation and equation.primitive is add and atom.type == root.outputs[0].type:
            adds.append(equation)
            waiting += reversed(equation.inputs)
        else:
            leaves.append(atom)
    return adds, leaves
