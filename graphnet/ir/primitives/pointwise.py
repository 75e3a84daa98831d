"""Pointwise primitives: arithmetic, functions, comparisons, selection; NumPy's broadcasting."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from graphnet.errors import DtypeError
from graphnet.ir.core.array import Array
from graphnet.ir.core.operation import primitive
from graphnet.ir.core.primitive import Extent, Linearity, Primitive, PrimitiveKind
from graphnet.ir.core.types import ArrayType, NDArray, broadcast_shapes, require_float, same_dtype

__all__ = [
    "absolute",
    "cos",
    "equal",
    "erf",
    "exp",
    "expm1",
    "greater",
    "greater_equal",
    "l1_penalty",
    "less",
    "less_equal",
    "log",
    "log1p",
    "maximum",
    "minimum",
    "not_equal",
    "sigmoid",
    "sign",
    "sin",
    "sqrt",
    "stop_gradient",
    "tanh",
    "where",
]
"""The functions of ``graphnet.ops``; arithmetic is by operators."""


def fit(g: Array, like: Array) -> Array:
    """The gradient of a broadcast operand: summed over the broadcast axes."""
    if g.shape == like.shape:
        return g
    leading = g.ndim - like.ndim
    repeated = [leading + i for i, n in enumerate(like.shape) if n == 1 != g.shape[leading + i]]
    axes = (*range(leading), *repeated)
    return g.sum(axes, keepdims=bool(repeated)).reshape(like.shape)


def fitted(rule: Callable[..., tuple[Array, ...]]) -> Callable[..., tuple[Array, ...]]:
    """A vjp rule whose results are summed to the shapes of the operands."""

    def vjp(g: Array, y: Array, *operands: Array) -> tuple[Array, ...]:
        return tuple(map(fit, rule(g, y, *operands), operands))

    return vjp


# ---- one operand


def same_type(verb: str, x: ArrayType) -> ArrayType:
    return x


def float_type(verb: str, x: ArrayType) -> ArrayType:
    require_float(verb, x)
    return x


def unary(
    name: str,
    numpy: Any,
    vjp: Any,
    type: Any = float_type,
    kind: PrimitiveKind = PrimitiveKind.POINTWISE,
    **facts: Any,
) -> Primitive:
    rule = partial(type, f"computes {name} of")
    return primitive(name, kind, type=rule, numpy=numpy, vjp=vjp, **facts)


SAME: dict[str, Any] = {
    "kind": PrimitiveKind.IDENTITY,
    "linear": Linearity.JOINTLY,
    "extent": Extent.ONCE,
    "selects": True,
}
"""The facts of what gives its operand as it is."""


def sigmoid_numpy(x: NDArray) -> NDArray:
    """``1 / (1 + exp(-x))``, with a small relative error for either sign."""
    y = np.asarray(np.negative(x))
    np.exp(y, out=y)
    y += 1
    result: NDArray = np.reciprocal(y, out=y)
    return result


def erf_numpy(x: NDArray) -> NDArray:
    """2 / √π times the integral of exp(-t²) from 0 to x: the C library's, entry by entry."""
    values = np.fromiter(map(math.erf, x.reshape(-1).tolist()), x.dtype, x.size)
    return values.reshape(x.shape)


negative = unary(
    "negative", np.negative, lambda g, y, x: (-g,), same_type, linear=Linearity.JOINTLY
)
absolute = unary("absolute", np.absolute, lambda g, y, x: (g * sign(x),), same_type)
sign: Primitive = unary("sign", np.sign, None, same_type)
exp = unary("exp", np.exp, lambda g, y, x: (g * y,))
log = unary("log", np.log, lambda g, y, x: (g / x,))
log1p = unary("log1p", np.log1p, lambda g, y, x: (g / (1 + x),))
expm1 = unary("expm1", np.expm1, lambda g, y, x: (g * (y + 1),))
sqrt = unary("sqrt", np.sqrt, lambda g, y, x: (0.5 * g / y,))
sin: Primitive = unary("sin", np.sin, lambda g, y, x: (g * cos(x),))
cos: Primitive = unary("cos", np.cos, lambda g, y, x: (-g * sin(x),))
erf = unary("erf", erf_numpy, lambda g, y, x: (g * (2 / math.sqrt(math.pi) * exp(-x * x)),))
tanh = unary("tanh", np.tanh, lambda g, y, x: (g * (1 - y * y),))
sigmoid = unary("sigmoid", sigmoid_numpy, lambda g, y, x: (g * (y * (1 - y)),))
stop_gradient = unary("stop_gradient", lambda x: x, None, same_type, **SAME)
identity = unary("identity", lambda x: x, lambda g, y, x: (g,), same_type, **SAME)


def l1_penalty_vjp(g: Array, y: Array, x: Array, *, weight: float, keep: bool) -> tuple[Array]:
    penalty = sign(x) * weight
    return (g + penalty if keep else penalty,)


l1_penalty = primitive(  # no derivative: what is added does not vanish with g
    "l1_penalty",
    type=lambda x, *, weight, keep: x,
    numpy=lambda x, *, weight, keep: x,
    vjp=l1_penalty_vjp,
    **SAME,
)


# ---- two operands


def binary_type(verb: str, a: ArrayType, b: ArrayType) -> ArrayType:
    if a.dtype == b.dtype == np.dtype(bool):
        raise DtypeError(f"{verb} {a} and {b}", "Convert truth values with .astype(float).")
    return broadcast_type(verb, a, b)


def broadcast_type(verb: str, a: ArrayType, b: ArrayType) -> ArrayType:
    return ArrayType(broadcast_shapes(verb, a.shape, b.shape), same_dtype(verb, a, b))


def float_binary_type(verb: str, a: ArrayType, b: ArrayType) -> ArrayType:
    require_float(verb, a, b)
    return binary_type(verb, a, b)


def compare_type(verb: str, a: ArrayType, b: ArrayType) -> ArrayType:
    return ArrayType(broadcast_type(verb, a, b).shape, np.dtype(bool))


def binary(
    name: str, verb: str, numpy: Any, vjp: Any, type: Any = binary_type, **facts: Any
) -> Primitive:
    rule = fitted(vjp) if vjp else None
    return primitive(
        name, PrimitiveKind.POINTWISE, type=partial(type, verb), numpy=numpy, vjp=rule, **facts
    )


def power_vjp(g: Array, y: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """At a = 0 the derivative by the exponent is 0, its limit from the right for b > 0, and that of
    x ** 0 is 0."""
    positive = a > 0
    log_a = where(positive, log(where(positive, a, 1.0)), 0.0)
    lower = where(b == 0, 0.0, b - 1)
    return g * b * a**lower, g * y * log_a


add = binary(
    "add", "adds", np.add, lambda g, y, a, b: (g, g), linear=Linearity.JOINTLY, commutes=True
)
subtract = binary(
    "subtract", "subtracts", np.subtract, lambda g, y, a, b: (g, -g), linear=Linearity.JOINTLY
)
multiply = binary(
    "multiply",
    "multiplies",
    np.multiply,
    lambda g, y, a, b: (g * b, g * a),
    linear=Linearity.EACH,
    commutes=True,
)
divide = binary(
    "divide",
    "divides",
    np.divide,
    lambda g, y, a, b: (g / b, -g * y / b),
    float_binary_type,
    linear=Linearity.FIRST,
)
power = binary("power", "raises", np.power, power_vjp, float_binary_type)
maximum = binary(  # where both are equal the first receives the gradient, as in Torch's CMaxTable
    "maximum",
    "takes the maximum of",
    np.maximum,
    lambda g, y, a, b: (where(b > a, 0.0, g), where(b > a, g, 0.0)),
)
minimum = binary(
    "minimum",
    "takes the minimum of",
    np.minimum,
    lambda g, y, a, b: (where(b < a, 0.0, g), where(b < a, g, 0.0)),
)
less = binary("less", "compares", np.less, None, compare_type)
less_equal = binary("less_equal", "compares", np.less_equal, None, compare_type)
greater = binary("greater", "compares", np.greater, None, compare_type)
greater_equal = binary("greater_equal", "compares", np.greater_equal, None, compare_type)
equal = binary("equal", "compares", np.equal, None, compare_type)
not_equal = binary("not_equal", "compares", np.not_equal, None, compare_type)


# ---- selection and conversion


def where_type(condition: ArrayType, a: ArrayType, b: ArrayType) -> ArrayType:
    if condition.dtype != np.dtype(bool):
        raise DtypeError(f"selects by {condition}, expected a bool array")
    shape = broadcast_shapes("selects from", condition.shape, a.shape, b.shape)
    return ArrayType(shape, same_dtype("selects from", a, b))


def where_vjp(g: Array, y: Array, c: Array, a: Array, b: Array) -> tuple[Array | None, ...]:
    return None, fit(where(c, g, 0.0), a), fit(where(c, 0.0, g), b)


def cast_vjp(g: Array, y: Array, x: Array, *, dtype: Any) -> tuple[Array | None]:
    return (g.astype(x.dtype) if x.type.is_float else None,)


where: Primitive = primitive(
    "where", PrimitiveKind.POINTWISE, type=where_type, numpy=np.where, vjp=where_vjp, selects=True
)
cast = primitive(
    "cast",
    PrimitiveKind.POINTWISE,
    type=lambda x, *, dtype: ArrayType(x.shape, np.dtype(dtype)),
    numpy=lambda x, *, dtype: x.astype(dtype),
    vjp=cast_vjp,
)
