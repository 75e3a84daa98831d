"""Smooth element-wise functions, the softmax family and the gated linear unit."""

from __future__ import annotations

import math
from typing import Any

from graphnet.errors import ShapeError
from graphnet.graph import Module
from graphnet.ir.core.types import normalise_axis
from graphnet.nn.layers.linear import above_zero
from graphnet.nn.layers.tables import require_array
from graphnet.ops import (
    absolute,
    erf,
    exp,
    log1p,
    log_softmax,
    minimum,
    sigmoid,
    softmax,
    tanh,
    where,
)

__all__ = [
    "GELU",
    "GatedLinearUnit",
    "LogSigmoid",
    "LogSoftMax",
    "Sigmoid",
    "SoftMax",
    "SoftMin",
    "SoftPlus",
    "SoftSign",
    "Tanh",
    "TanhShrink",
]


class Sigmoid(Module):
    """The logistic function ``1 / (1 + exp(-x))``, element by element.

    Input of any shape; the output has the same. Raises DtypeError for integers.
    """

    symbol = "σ"

    def compute(self, x: Any) -> Any:
        return sigmoid(x)


class Tanh(Module):
    """Hyperbolic tangent, element by element.

    Input of any shape; the output has the same. Raises DtypeError for integers.
    """

    symbol = "tanh"

    def compute(self, x: Any) -> Any:
        return tanh(x)


class TanhShrink(Module):
    """``x - tanh(x)``, element by element (Torch's nn/TanhShrink.lua).

    Input of any shape; the output has the same. Raises DtypeError for integers.
    """

    def compute(self, x: Any) -> Any:
        return x - tanh(x)


class SoftSign(Module):
    """``x / (1 + |x|)``, element by element (Torch's nn/SoftSign.lua).

    Input of any shape; the output has the same. Raises DtypeError for integers.
    """

    def compute(self, x: Any) -> Any:
        return x / (1.0 + absolute(x))


class GELU(Module):
    """x Φ(x), with the normal distribution's Φ(x) = (1 + erf(x / √2)) / 2 (Hendrycks, Gimpel 2016).

    The exact form, as PyTorch's ``nn.GELU()``. Raises DtypeError for whole numbers.
    """

    symbol = "GELU"

    def compute(self, x: Any) -> Any:
        return x * (0.5 * (1.0 + erf(x * math.sqrt(0.5))))


def softplus(x: Any, threshold: float) -> Any:
    """``log(1 + exp(x))``, or x itself above the threshold, where ``exp(x)`` might overflow."""
    return where(x > threshold, x, log1p(exp(minimum(x, threshold))))


class SoftPlus(Module):
    """``log(1 + exp(beta x)) / beta``, element by element (Torch's nn/SoftPlus.lua).

    The output is x where ``beta x > threshold``, so that nothing overflows. Input of any shape; the
    output has the same. Raises ValueError unless ``beta > 0``, DtypeError for integers.
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        self.beta = above_zero("SoftPlus: beta", beta)
        self.threshold = threshold

    def compute(self, x: Any) -> Any:
        return softplus(x * self.beta, self.threshold) * (1 / self.beta)


class LogSigmoid(Module):
    """``log(1 / (1 + exp(-x)))``, finite for any finite x (Torch's nn/LogSigmoid.lua).

    Input of any shape; the output has the same. Raises DtypeError for integers.
    """

    symbol = "log σ"

    def compute(self, x: Any) -> Any:
        return -softplus(-x, 40.0)  # exp(-40) is less than half the last bit of 1


class SoftMax(Module):
    """``exp(x) / sum(exp(x))`` along ``axis``: probabilities that sum to 1.

    Input of any shape with that axis; the output has the same. Raises ShapeError if there is no
    such axis, DtypeError for integers.
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def compute(self, x: Any) -> Any:
        return softmax(x, self.axis)


class SoftMin(Module):
    """``exp(-x) / sum(exp(-x))`` along ``axis`` (Torch's nn/SoftMin.lua).

    Shapes and errors are those of SoftMax.
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def compute(self, x: Any) -> Any:
        return softmax(-x, self.axis)


class LogSoftMax(Module):
    """``log(exp(x) / sum(exp(x)))`` along ``axis``: log-probabilities, in nats.

    Shapes and errors are those of SoftMax.
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def compute(self, x: Any) -> Any:
        return log_softmax(x, self.axis)


class GatedLinearUnit(Module):
    """``a * sigmoid(b)``, where a and b are the two halves of the input along ``axis``.

    Input of any shape with an even number of positions on that axis; the output has half as many.
    Dauphin et al. 2016, "Language modeling with gated convolutional networks"; Torch's
    nn/GatedLinearUnit.lua. Raises ShapeError if the axis is missing or of odd size, GraphError for
    a table.
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def compute(self, x: Any) -> Any:
        axis = normalise_axis(self.axis, require_array(x).ndim)
        half, odd = divmod(x.shape[axis], 2)
        if odd:
            raise ShapeError(f"halves {x.shape} along axis {axis}", "Its size must be even.")
        before = (slice(None),) * axis
        return x[(*before, slice(half))] * sigmoid(x[(*before, slice(half, None))])
