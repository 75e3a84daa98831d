"""Tracing: run a Python function on symbolic arrays and record its equations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphnet.ir.core.array import Array, primitive_of
from graphnet.ir.core.builder import Builder, apart, apply, building, current_builder, origin
from graphnet.ir.core.operands import resolve
from graphnet.ir.core.program import Atom, Literal, Program, Var, literal
from graphnet.ir.core.types import ArrayType


def apply_ufunc(ufunc: np.ufunc, method: str, inputs: Sequence[Any], options: Any) -> Any:
    """NumPy's own functions on traced arrays: ``np.tanh(x)`` is the primitive of that name."""
    return apply(primitive_of(ufunc, method, options), inputs, {})


@apart
def trace(function: Callable[..., Any], *types: ArrayType) -> Program:
    """The program of a function of arrays that returns an array or a list of arrays."""
    builder = Builder()
    with building(builder):
        result = function(*[builder.input(type) for type in types])
    results = result if isinstance(result, tuple | list) else [result]
    return builder.program([atom_of(builder, value) for value in results])


def inline(program: Program, arrays: Sequence[Array]) -> list[Array]:
    """Emit the equations of a program again, on these arrays; returns its outputs."""
    values: dict[Var, Array] = dict(zip(program.inputs, arrays, strict=True))
    builder = current_builder.get()
    assert builder is not None

    def value(atom: Atom) -> Array:
        return Array(builder, atom) if isinstance(atom, Literal) else values[atom]

    for equation in program.equations:
        with origin(equation.origin):
            operands = [value(atom) for atom in equation.inputs]
            result = apply(equation.primitive, operands, equation.settings)
        results = result if equation.primitive.many else (result,)
        values.update(zip(equation.outputs, results, strict=True))
    return [value(atom) for atom in program.outputs]


def atom_of(builder: Builder, value: Any) -> Atom:
    """The operand for a traced value, a parameter or a constant in this builder."""
    value = resolve(value)
    return builder.atom(value) if isinstance(value, Array) else literal(value)
