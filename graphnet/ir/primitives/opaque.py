"""``call``: a user's opaque NumPy function and gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphnet.errors import ProgramError, ShapeError
from graphnet.ir.core.array import Array
from graphnet.ir.core.operation import primitive
from graphnet.ir.core.primitive import PrimitiveKind
from graphnet.ir.core.types import ArrayType, NDArray, type_of

ArraysFunction = Callable[[Sequence[NDArray]], Sequence[Any]]


def call_numpy(
    *arrays: NDArray,
    function: ArraysFunction,
    gradient: ArraysFunction | None,
    types: tuple[ArrayType, ...],
    label: str,
) -> list[NDArray]:
    results = [np.asarray(value) for value in function([read_only(a) for a in arrays])]
    if len(results) != len(types):
        raise ShapeError(f"{label} returns {len(results)} arrays, expected {len(types)}")
    converted = []
    for index, (result, type) in enumerate(zip(results, types, strict=True)):
        if result.shape != type.shape:
            raise ShapeError(
                f"{label} returns {type_of(result)} as array {index}, expected {type}",
                "The shapes must depend on those of the input alone.",
            )
        converted.append(result.astype(type.dtype, copy=False))
    return converted


def read_only(array: NDArray) -> NDArray:
    """A read-only view, for the user's function."""
    view = np.asarray(array).view()
    view.flags.writeable = False
    return view


def call_vjp(
    gradients: Sequence[Array | None],
    outputs: Sequence[Array],
    *operands: Array,
    function: ArraysFunction,
    gradient: ArraysFunction | None,
    types: tuple[ArrayType, ...],
    label: str,
) -> list[Array | None]:
    if gradient is None:
        raise ProgramError(f"{label} has no gradient of its own", "Only first gradients are known.")
    incoming = [
        np.zeros(y.shape, y.dtype) if g is None else g
        for g, y in zip(gradients, outputs, strict=True)
    ]
    wanted = [i for i, x in enumerate(operands) if x.type.is_float]
    results = call(
        *operands,
        *outputs,
        *incoming,
        function=gradient,
        gradient=None,
        types=tuple(operands[i].type for i in wanted),
        label=f"the backward of {label}",
    )
    found = dict(zip(wanted, results, strict=True))
    return [found.get(i) for i in range(len(operands))]


call = primitive(
    "call",
    PrimitiveKind.OPAQUE,
    type=lambda *inputs, function, gradient, types, label: types,
    numpy=call_numpy,
    vjp=call_vjp,
    many=True,
    effect=True,
)
