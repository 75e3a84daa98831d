"""``call``: a user's opaque NumPy function and gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphnet.errors import DtypeError, ProgramError, ShapeError
from graphnet.ir.core.array import Array
from graphnet.ir.core.operation import primitive
from graphnet.ir.core.primitive import PrimitiveKind
from graphnet.ir.core.types import ArrayType, NDArray

ArraysFunction = Callable[[Sequence[NDArray]], Sequence[Any]]


def call_numpy(
    *arrays: NDArray,
    function: ArraysFunction,
    gradient: ArraysFunction | None,
    types: tuple[ArrayType, ...],
    label: str,
) -> list[NDArray]:
    results = function([read_only(a) for a in arrays])
    if len(results) != len(types):
        raise ShapeError(f"{label} returns {len(results)} arrays, expected {len(types)}")
    pairs = enumerate(zip(results, types, strict=True))
    return [converted(value, type, label, index) for index, (value, type) in pairs]


def converted(value: Any, type: ArrayType, label: str, index: int) -> NDArray:
    """What a user's function returns as an array of this type, floats of any precision for others.

    Raises DtypeError or ShapeError for what would lose more than precision.
    """
    array = np.asarray(value)
    if array.dtype.kind not in "biufc":
        raise DtypeError(
            f"{label} returns {value!r:.40} as array {index}, expected {type}",
            "Is a return statement missing?" if value is None else "",
        )
    found = f"{label} returns {array.dtype}{[*array.shape]} as array {index}, expected {type}"
    if array.shape != type.shape:
        raise ShapeError(found, "The shapes must depend on those of the input alone.")
    if not np.can_cast(array.dtype, type.dtype, "same_kind"):
        raise DtypeError(found, "The dtypes must depend on those of the input alone.")
    return array.astype(type.dtype, copy=False)


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
