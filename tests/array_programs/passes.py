"""Programs and checks for tests of passes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphnet.ir import (
    ArrayType,
    Equation,
    Program,
    scan,
    trace,
)
from graphnet.native.passes import PASSES
from tests.array_programs.checks import (
    equations_of,
    recurrent_programs,
)

SQUARE, LONG = ArrayType((3, 3), np.dtype(float)), ArrayType((5, 3, 3), np.dtype(float))


def names(program: Program) -> list[str]:
    return [equation.primitive.name for equation in program.equations]


def products_of(program: Program) -> list[Equation]:
    return [e for e in equations_of(program) if e.primitive.name in ("matmul", "matmul_add")]


def through_all(program: Program) -> Program:
    for _, rewrite in PASSES:
        program = rewrite(program)
    return program


def in_body(step: Callable[..., Any], *types: ArrayType, length: int = 5) -> Program:
    """A program with one scan: ``step`` of a carried array, and of constants of these types."""

    def function(h: Any, *constants: Any) -> Any:
        finals, _ = scan(lambda carry, _: ([step(*carry, *constants)], []), [h], [], length=length)
        return finals

    return trace(function, SQUARE, *types)


def made_by(program: Program, atom: Any, name: str) -> bool:
    return any(atom in e.outputs and e.primitive.name == name for e in program.equations)


def whole(name: str, **options: Any) -> tuple[Program, Program]:
    """Forward and backward after all passes, of a cell large enough that copies do not pay."""
    _, forward, backward = recurrent_programs(name, hidden=48, batch=16, **options)
    return through_all(forward), through_all(backward)
