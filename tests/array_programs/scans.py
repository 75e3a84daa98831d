"""Programs with scans, and checks for tests of passes over them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphnet.ir import Program, run_program, scan, trace, type_of
from graphnet.ir.core.program import Equation
from tests.support.numeric import relative_error

SIZE = 3


def scans(program: Program) -> list[Equation]:
    return [equation for equation in program.equations if equation.primitive.name == "scan"]


def body(program: Program) -> Program:
    """The body of the only scan."""
    (equation,) = scans(program)
    result: Program = equation.settings["body"]
    return result


def names(program: Program) -> list[str]:
    return [equation.primitive.name for equation in program.equations]


def products(program: Program) -> int:
    return names(program).count("matmul")


def carried(program: Program) -> int:
    return sum(equation.settings["carried"] for equation in scans(program))


def stacked(program: Program) -> int:
    return sum(len(equation.outputs) for equation in scans(program)) - carried(program)


def same(before: Program, after: Program, arrays: list[np.ndarray]) -> None:
    """Equal inputs, types and values; the largest difference is rounding."""
    after.check()
    assert after.inputs == before.inputs
    assert [a.type for a in after.outputs] == [a.type for a in before.outputs]
    for expected, found in zip(
        run_program(before, arrays), run_program(after, arrays), strict=True
    ):
        if expected.dtype.kind == "f":
            assert relative_error(found, expected) < 1e-12
        else:
            np.testing.assert_array_equal(found, expected)


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape) + len(shape)).normal(size=shape)


def scanned(step: Any, carry: list[int], **options: Any) -> Callable[..., list[Any]]:
    """A function of carried values and then sequences that scans with ``step``."""

    def function(*values: Any) -> list[Any]:
        count = len(carry)
        length = values[count].shape[0]
        finals, results = scan(step, values[:count], values[count:], length=length, **options)
        return [*finals, *results]

    return function


def rewritten(
    change: Callable[[Program], Program], function: Any, *arrays: np.ndarray
) -> tuple[Program, Program]:
    """The program of a function before and after a pass; they mean the same."""
    before = trace(function, *map(type_of, arrays))
    after = change(before)
    same(before, after, list(arrays))
    assert change(after) is after, "a second time nothing is left to do"
    return before, after
