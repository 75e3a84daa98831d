"""A stopwatch: a program interpreted once, with the time of each equation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter_ns

import numpy as np

from graphnet.ir.core.program import Atom, Equation, Literal, Program
from graphnet.ir.core.types import NDArray

Special = Callable[[Equation, Sequence[NDArray]], tuple[list[NDArray], Mapping[Equation, float]]]
"""A profiler of an equation: its results, and nanoseconds by inner equation."""


class Stopwatch:
    """Runs programs and adds up nanoseconds by equation; final.

    The time of an equation excludes that of its body. ``special`` runs the primitives of some
    names.
    """

    def __init__(self, special: Mapping[str, Special] | None = None) -> None:
        self.special = special or {}
        self.spent: dict[Equation, float] = {}

    def run(self, program: Program, arrays: Sequence[NDArray]) -> list[NDArray]:
        values = dict(zip(program.inputs, arrays, strict=True))

        def value(atom: Atom) -> NDArray:
            return atom.value if isinstance(atom, Literal) else values[atom]

        with np.errstate(all="ignore"):
            for equation in program.equations:
                operands = [value(atom) for atom in equation.inputs]
                results = self.equation(equation, operands)
                values.update(zip(equation.outputs, results, strict=True))
        return [value(atom) for atom in program.outputs]

    def equation(self, equation: Equation, operands: Sequence[NDArray]) -> list[NDArray]:
        primitive = equation.primitive
        if primitive.name in self.special:
            results, spent = self.special[primitive.name](equation, operands)
            for inner, time in spent.items():
                self.add(inner, time)
            return results
        before = sum(self.spent.values()) if primitive.nested else 0.0
        start = perf_counter_ns()
        if primitive.nested:
            result = primitive.numpy(self.body, *operands, **equation.settings)
        else:
            result = primitive.numpy(*operands, **equation.settings)
        passed = perf_counter_ns() - start
        inside = sum(self.spent.values()) - before if primitive.nested else 0.0
        self.add(equation, max(passed - inside, 0.0))
        return list(result) if primitive.many else [result]

    def body(self, program: Program) -> Callable[[Sequence[NDArray]], list[NDArray]]:
        return lambda arrays: self.run(program, arrays)

    def add(self, equation: Equation, time: float) -> None:
        self.spent[equation] = self.spent.get(equation, 0.0) + time
