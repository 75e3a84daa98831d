"""The interpreter: equation by equation in NumPy. It defines the semantics of programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from graphnet.errors import GraphnetError, NumericsError
from graphnet.ir.core.primitive import Primitive
from graphnet.ir.core.program import Equation, Program, Var, is_var
from graphnet.ir.core.types import NDArray
from graphnet.ir.gc_disabled import gc_disabled

Instruction = tuple[Any, int, int, int, tuple[int, ...]]
"""(function, first operand, second operand, result, slots that nobody reads later); -1 for none."""


class Interpreter:
    """A program prepared for fast interpretation; final.

    Values live in a list (the environment), one slot each. Equations of one or two operands run in
    the loop below alone, so their overhead is a fraction of a NumPy call.
    """

    def __init__(self, program: Program, check_finite: bool = False) -> None:
        self.program = program
        self.check_finite = check_finite
        self.slots: dict[Any, int] = {}
        self.template: list[Any] = []
        for var in program.inputs:
            self.slot(var)
        finished = last_uses(program)
        self.instructions = [
            self.instruction(equation, tuple(self.slot(var) for var in finished.get(i, ())))
            for i, equation in enumerate(program.equations)
        ]
        self.results = [self.slot(atom) for atom in program.outputs]

    def slot(self, atom: Any) -> int:
        """The slot of a value in the environment; literals are filled in from the start."""
        if atom not in self.slots:
            self.slots[atom] = len(self.template)
            self.template.append(None if is_var(atom) else atom.value)
        return self.slots[atom]

    def instruction(self, equation: Equation, finished: tuple[int, ...]) -> Instruction:
        operands = [self.slot(atom) for atom in equation.inputs]
        targets = [self.slot(var) for var in equation.outputs]
        rule = bound_rule(equation.primitive, equation.settings, self.check_finite)
        if self.check_finite and not equation.primitive.selects:
            rule = partial(checked, rule, equation)
        if len(targets) == 1 and not equation.primitive.many and 1 <= len(operands) <= 2:
            second = operands[1] if len(operands) == 2 else -1
            return rule, operands[0], second, targets[0], finished
        function = partial(general, rule, operands, targets, equation.primitive.many)
        return function, -1, -1, targets[0], finished

    def __call__(self, arrays: Sequence[NDArray]) -> list[NDArray]:
        """The outputs for these inputs, without NumPy's warnings: ask for ``check_finite``."""
        with np.errstate(all="ignore"):
            return self.execute(arrays)

    def execute(self, arrays: Sequence[NDArray]) -> list[NDArray]:
        environment = self.template.copy()
        environment[: len(arrays)] = arrays
        target = -1
        try:
            for function, first, second, target, finished in self.instructions:
                if second >= 0:
                    environment[target] = function(environment[first], environment[second])
                elif first >= 0:
                    environment[target] = function(environment[first])
                else:
                    function(environment)
                for slot in finished:
                    environment[slot] = None
        except GraphnetError as error:
            self.locate(error, target)
            raise
        return [environment[slot] for slot in self.results]

    def locate(self, error: GraphnetError, target: int) -> None:
        for equation in self.program.equations:
            if self.slots[equation.outputs[0]] == target:
                error.subject = error.subject or equation.primitive.name
                if equation.origin:
                    error.locate(str(equation.origin))


def last_uses(program: Program) -> dict[int, list[Var]]:
    """The values whose last use is an equation, by its position."""
    last: dict[Var, int] = {}
    for index, equation in enumerate(program.equations):
        last.update((var, index) for var in (*equation.inputs, *equation.outputs) if is_var(var))
    for atom in (*program.outputs, *program.inputs):
        if is_var(atom):
            last.pop(atom, None)
    finished: dict[int, list[Var]] = {}
    for var, index in last.items():
        finished.setdefault(index, []).append(var)
    return finished


def general(
    rule: Callable[..., Any],
    operands: Sequence[int],
    targets: Sequence[int],
    many: bool,
    environment: list[Any],
) -> None:
    """An equation with any number of operands and results."""
    result = rule(*[environment[slot] for slot in operands])
    if many:
        for slot, value in zip(targets, result, strict=True):
            environment[slot] = value
    else:
        environment[targets[0]] = result


def bound_rule(
    primitive: Primitive, settings: Mapping[str, Any], check_finite: bool
) -> Callable[..., Any]:
    """The NumPy rule with its settings; nested programs have interpreters of their own."""
    if primitive.nested:
        return partial(primitive.numpy, partial(body_runner, check_finite=check_finite), **settings)
    if primitive.bound:
        return primitive.bound(**settings)
    return partial(primitive.numpy, **settings) if settings else primitive.numpy


def interpreter(program: Program, check_finite: bool = False) -> Interpreter:
    """The interpreter of a program, cached."""
    key = ("interpreter", check_finite)
    if key not in program.memo:
        with gc_disabled():
            program.memo[key] = Interpreter(program, check_finite)
    result: Interpreter = program.memo[key]
    return result


def body_runner(program: Program, check_finite: bool) -> Callable[[Sequence[NDArray]], Any]:
    return interpreter(program, check_finite).execute


def execute_equation(
    primitive: Primitive, settings: Mapping[str, Any], arrays: Sequence[NDArray]
) -> list[NDArray]:
    """The results of one primitive on arrays."""
    with np.errstate(all="ignore"):
        result = bound_rule(primitive, settings, check_finite=False)(*arrays)
    return list(result) if primitive.many else [result]


def checked(rule: Callable[..., Any], equation: Equation, *operands: NDArray) -> Any:
    """Run a rule and raise NumericsError, which names its node, if a result is not finite.

    Data movement produces no such values.
    """
    result = rule(*operands)
    for value in result if equation.primitive.many else (result,):
        require_finite(value, f"({equation.primitive.name}) produces")
    return result


def require_finite(value: NDArray, what: str) -> None:
    array = np.asarray(value)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        where = np.argwhere(~np.isfinite(array))
        index = tuple(int(i) for i in where[0])
        raise NumericsError(f"{what} {array[index]} at {index}, one of {len(where)} such values")


def run_program(program: Program, arrays: Sequence[NDArray]) -> list[NDArray]:
    """Interpret a program once."""
    return interpreter(program)(arrays)
