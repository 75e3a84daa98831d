"""``compiled``: the primitive of a piece of a program that is machine code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from graphnet.ir.core.primitive import Primitive, PrimitiveKind
from graphnet.ir.core.program import Equation, Program
from graphnet.ir.core.types import ArrayType, NDArray


class Code(Protocol):
    """Machine code, and the program that it was made of."""

    @property
    def program(self) -> Program: ...

    def __call__(self, *arrays: NDArray) -> Sequence[NDArray]: ...


def compiled_type(*types: ArrayType, code: Code) -> tuple[ArrayType, ...]:
    return tuple(atom.type for atom in code.program.outputs)


def compiled_function(*, code: Code) -> Code:
    return code


compiled = Primitive(
    "compiled",
    PrimitiveKind.COMPILED,
    type=compiled_type,
    numpy=lambda *arrays, code: code(*arrays),
    vjp=None,
    many=True,
    bound=compiled_function,
)
"""Only the compiler makes it, after all passes; ``code`` is the setting."""


def code_of(equation: Equation) -> Any:
    """The machine code that an equation runs; None if it runs none."""
    return equation.settings["code"] if equation.primitive is compiled else None
