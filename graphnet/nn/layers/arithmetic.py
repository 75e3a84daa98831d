"""Arithmetic with learned parameters, and element-wise functions of the input alone."""

from __future__ import annotations

from math import prod
from typing import Any

from graphnet.errors import ShapeError
from graphnet.graph import Module, Parameter
from graphnet.graph.values.table import describe, map_table
from graphnet.ir.core.types import Shape
from graphnet.nn import init
from graphnet.nn.layers.linear import positive
from graphnet.nn.layers.tables import require_array
from graphnet.ops import absolute, exp, l1_penalty, log, not_equal, sqrt, stop_gradient, where

__all__ = [
    "Abs",
    "Add",
    "CAdd",
    "CMul",
    "Exp",
    "GradientReversal",
    "L1Penalty",
    "Log",
    "Mul",
    "Sqrt",
    "ZeroGrad",
]


class Add(Module):
    """``x + bias``: (…, size) to (…, size), with a learned ``bias`` (size,).

    With ``scalar`` the bias is one number, (1,), and x has any shape. The bias starts uniform
    within ``1 / sqrt(size)``, as in Torch's nn/Add.lua. Raises ValueError for a size below 1,
    ShapeError if the bias does not fit the input.
    """

    def __init__(self, size: int, scalar: bool = False) -> None:
        self.size = positive("Add: size", size)
        self.scalar = scalar
        self.bias = Parameter((1 if scalar else size,), init.fan_in_uniform(size))

    def compute(self, x: Any) -> Any:
        return x + (self.bias if self.scalar else fitted(self.bias, x))


class Mul(Module):
    """``x * weight``, with one learned number: any shape to the same shape.

    ``weight`` is (1,) and starts uniform between -1 and 1. Raises DtypeError for integers.
    """

    def __init__(self) -> None:
        self.weight = Parameter((1,), init.uniform(1.0))

    def compute(self, x: Any) -> Any:
        return x * self.weight


class CAdd(Module):
    """``x + bias`` with a learned ``bias`` of shape ``sizes`` (Torch's nn/CAdd.lua).

    The output has the shape of the input. The bias fits the whole input if that has as many
    entries, else each entry of a batch if those have, else it broadcasts. It starts uniform within
    ``1 / sqrt(number of entries)``. Raises ValueError for a size below 1, ShapeError if none of the
    three applies.
    """

    def __init__(self, *sizes: int) -> None:
        self.sizes = tuple(positive("CAdd: a size", size) for size in sizes)
        self.bias = Parameter(sizes, init.fan_in_uniform(prod(sizes)))

    def compute(self, x: Any) -> Any:
        return x + fitted(self.bias, x)


class CMul(Module):
    """``x * weight`` with a learned ``weight`` of shape ``sizes`` (Torch's nn/CMul.lua).

    Shapes, initial values and errors are those of CAdd.
    """

    symbol = "⊙"

    def __init__(self, *sizes: int) -> None:
        self.sizes = tuple(positive("CMul: a size", size) for size in sizes)
        self.weight = Parameter(sizes, init.fan_in_uniform(prod(sizes)))

    def compute(self, x: Any) -> Any:
        return x * fitted(self.weight, x)


def fitted(parameter: Parameter, x: Any) -> Any:
    """The parameter in the shape of x, or of an entry of the batch x; else as it is."""
    shapes: list[Shape] = [require_array(x).shape, x.shape[1:]]
    for shape in shapes[: max(x.ndim, 1)]:
        if parameter.size == prod(shape):
            return parameter.reshape(shape)
    if not broadcasts(parameter.shape, x.shape):
        raise ShapeError(f"expects an array that {parameter.shape} fits, received {describe(x)}")
    return parameter


def broadcasts(small: Shape, large: Shape) -> bool:
    """Whether the small shape broadcasts to the large one, which keeps its shape."""
    tail = large[len(large) - len(small) :]
    return len(small) <= len(large) and all(n in (1, m) for n, m in zip(small, tail, strict=True))


class Abs(Module):
    """Absolute value ``|x|``, element by element: any shape to the same. The gradient at 0 is 0."""

    symbol = "|x|"

    def compute(self, x: Any) -> Any:
        return absolute(x)


class Sqrt(Module):
    """Square root, element by element: any shape to the same.

    The gradient at 0, where the slope is infinite, is 0 (Torch's nn/Sqrt.lua). Raises DtypeError
    for integers.
    """

    symbol = "√"

    def compute(self, x: Any) -> Any:
        nonzero = not_equal(x, 0)
        return where(nonzero, sqrt(where(nonzero, x, 1.0)), 0.0)


class Exp(Module):
    """``exp(x)``, element by element: any shape to the same.

    Raises DtypeError for integers.
    """

    symbol = "exp"

    def compute(self, x: Any) -> Any:
        return exp(x)


class Log(Module):
    """Natural logarithm, element by element: any shape to the same.

    Raises DtypeError for integers.
    """

    symbol = "log"

    def compute(self, x: Any) -> Any:
        return log(x)


class GradientReversal(Module):
    """The identity, whose gradient is multiplied by ``-strength``: any shape to the same.

    Ganin and Lempitsky 2015, "Unsupervised domain adaptation by backpropagation"; Torch's
    nn/GradientReversal.lua. Raises DtypeError for integers.
    """

    def __init__(self, strength: float = 1.0) -> None:
        self.strength = strength

    def compute(self, x: Any) -> Any:
        fixed = stop_gradient(x)
        return fixed - (x - fixed) * self.strength  # the second term is 0 but has a slope


class ZeroGrad(Module):
    """The identity, through which no gradient flows: a table or an array of any shapes to the same.

    Element-Research rnn's ZeroGrad.lua.
    """

    def compute(self, input: Any) -> Any:
        return map_table(stop_gradient, input)


class L1Penalty(Module):
    """The identity, with ``weight sign(x)`` added to its gradient: any shape to the same.

    This is the gradient of a term ``weight sum(|x|)`` in the loss. ``size_average`` divides the
    weight by the number of entries; without ``provide_output`` the penalty replaces the incoming
    gradient. Torch's nn/L1Penalty.lua.
    """

    def __init__(
        self, weight: float, size_average: bool = False, provide_output: bool = True
    ) -> None:
        self.weight = weight
        self.size_average = size_average
        self.provide_output = provide_output

    def compute(self, x: Any) -> Any:
        weight = self.weight / (require_array(x).size if self.size_average and x.size else 1)
        return l1_penalty(x, weight=weight, keep=self.provide_output)
