"""Tracing: run a Python function on symbolic arrays and keep the equations that it makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from graphnet.errors import DtypeError
from graphnet.ir.core.array import Array
from graphnet.ir.core.builder import Builder, apart, building, current_builder, origin
from graphnet.ir.core.primitive import PRIMITIVES, Primitive
from graphnet.ir.core.program import Atom, Literal, Program, Var, literal
from graphnet.ir.core.types import ArrayType


def apply(primitive: Primitive, operands: Sequence[Any], settings: Mapping[str, Any]) -> Any:
    """Emit for traced operands (in the innermost builder among them), compute for NumPy ones."""
    values = [resolve(operand) for operand in operands]
    traced = [value for value in values if isinstance(value, Array)]
    if not traced:
        return compute_now(primitive, values, settings)
    builder = home(traced)
    like = min((a.dtype for a in traced), key=lambda dtype: "fiub".index(dtype.kind))
    atoms = tuple(
        builder.atom(value) if isinstance(value, Array) else constant(value, like)
        for value in values
    )
    literals = [atom.value for atom in atoms if isinstance(atom, Literal)]
    if len(literals) == len(atoms) and not primitive.many:
        return Array(builder, literal(compute_now(primitive, literals, settings)))
    return builder.emit(primitive, atoms, settings)


def apply_ufunc(ufunc: np.ufunc, method: str, inputs: Sequence[Any], options: Any) -> Any:
    """NumPy's own functions on traced arrays: ``np.tanh(x)`` is the primitive of that name."""
    primitive = PRIMITIVES.get(ufunc.__name__)
    if primitive is None or method != "__call__" or options:
        raise DtypeError(
            f"cannot be applied to a traced array (method {method}, options {sorted(options)})",
            "Use graphnet.ops in compute(), or nn.Function for NumPy code.",
            f"np.{ufunc.__name__}",
        )
    return apply(primitive, inputs, {})


def home(traced: Sequence[Array]) -> Builder:
    """Where an operation on these arrays belongs: the innermost of their builders."""
    builder = max((array.builder for array in traced), key=lambda builder: builder.level)
    running = current_builder.get()
    if running is not None and builder.level < running.barrier.level:
        return running.barrier
    return builder


def resolve(operand: Any) -> Any:
    """A parameter stands for its array in the running trace; everything else for itself."""
    stand_in = getattr(operand, "__graphnet_array__", None)
    return operand if stand_in is None else stand_in()


def constant(value: Any, like: np.dtype[Any]) -> Literal:
    """A literal; numbers and floating arrays take the dtype of the arrays that they meet."""
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise DtypeError(f"{value!r} is not an array of numbers")
    is_number = isinstance(value, bool | int | float)
    floats = like.kind == "f" and (array.dtype.kind == "f" or is_number)
    integers = is_number and array.dtype.kind in "iu" and like.kind in "iu"
    return literal(array.astype(like) if floats or integers else array)


def compute_now(primitive: Primitive, values: Sequence[Any], settings: Mapping[str, Any]) -> Any:
    """The result of a primitive on NumPy arrays, without a program."""
    from graphnet.ir.interpreter import execute_equation

    arrays = [np.asarray(value) for value in values]
    like = next(
        (a.dtype for a, v in zip(arrays, values, strict=True) if not isinstance(v, int | float)),
        arrays[0].dtype if arrays else np.dtype(float),
    )
    literals = tuple(constant(value, like) for value in values)
    primitive.output_types(literals, settings)
    results = execute_equation(primitive, settings, [item.value for item in literals])
    return results if primitive.many else results[0]


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
    """The operand that a traced value, a parameter or a constant is in this builder."""
    value = resolve(value)
    return builder.atom(value) if isinstance(value, Array) else literal(value)
