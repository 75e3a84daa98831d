"""Piecewise element-wise functions: rectifiers, clamping, thresholds and shrinkage."""

from __future__ import annotations

from typing import Any

from graphnet.graph import Module, Parameter
from graphnet.nn import init
from graphnet.nn.layers.linear import in_order, positive
from graphnet.ops import absolute, concatenate, expm1, maximum, minimum, uniform, where

__all__ = [
    "ELU",
    "CReLU",
    "Clamp",
    "HardShrink",
    "HardTanh",
    "LeakyReLU",
    "PReLU",
    "RReLU",
    "ReLU",
    "ReLU6",
    "SoftShrink",
    "Threshold",
]


class ReLU(Module):
    """``max(0, x)``, element by element: any shape to the same. The gradient at 0 is 0.

    Raises DtypeError for integers.
    """

    symbol = "ReLU"

    def compute(self, x: Any) -> Any:
        return maximum(0.0, x)


class ReLU6(Module):
    """``min(6, max(0, x))``, element by element: any shape to the same (Torch's nn/ReLU6.lua).

    Raises DtypeError for integers.
    """

    symbol = "ReLU6"

    def compute(self, x: Any) -> Any:
        return minimum(6.0, maximum(0.0, x))


class LeakyReLU(Module):
    """x where x > 0, else ``negative_slope x``: any shape to the same (Maas et al. 2013).

    Raises DtypeError for integers.
    """

    symbol = "LReLU"

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = negative_slope

    def compute(self, x: Any) -> Any:
        return where(x > 0, x, x * self.negative_slope)


class PReLU(Module):
    """x where x > 0, else ``weight x``, with a learned slope: any shape to the same.

    ``weight`` is (1,), one slope for all, when ``channels`` is 0; else (channels,), one for each
    position of the channel axis: the first axis of an input of 1 or 3 axes, the second (after the
    batch) of one with 2 or 4. Slopes start at 0.25. He et al. 2015; Torch's nn/PReLU.lua. Raises
    ValueError for ``channels`` below 0, ShapeError if the channel axis has another size, DtypeError
    for integers.
    """

    symbol = "PReLU"

    def __init__(self, channels: int = 0) -> None:
        self.channels = positive("PReLU: channels", channels) if channels else 0
        self.weight = Parameter((max(channels, 1),), init.constant(0.25))

    def compute(self, x: Any) -> Any:
        behind = x.ndim - 1 if x.ndim % 2 else x.ndim - 2
        slope = self.weight.reshape(-1, *[1] * behind) if self.channels else self.weight
        return where(x > 0, x, x * slope)


class RReLU(Module):
    """x where x > 0, else a x with a random slope a: any shape to the same.

    In training a is uniform between ``lower`` and ``upper``, drawn for each entry; in evaluation it
    is their mean. Xu et al. 2015; Torch's nn/RReLU.lua. Raises ValueError for bounds in
    the wrong order, DtypeError for integers.
    """

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3) -> None:
        in_order("RReLU: lower and upper", lower, upper)
        self.lower = lower
        self.upper = upper

    def compute(self, x: Any) -> Any:
        slope: Any = (self.lower + self.upper) / 2
        if self.training:
            slope = uniform(x.shape, x.dtype) * (self.upper - self.lower) + self.lower
        return where(x > 0, x, x * slope)


class CReLU(Module):
    """``max(0, x)`` and ``max(0, -x)`` concatenated along ``axis``: (…, n) to (…, 2 n).

    Shang et al. 2016; Torch's nn/CReLU.lua, where ``axis`` is the first one after the batch. Raises
    ShapeError if there is no such axis, DtypeError for integers.
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def compute(self, x: Any) -> Any:
        return concatenate([maximum(0.0, x), maximum(0.0, -x)], self.axis)


class ELU(Module):
    """x where x > 0, else ``alpha (exp(x) - 1)``: any shape to the same (Clevert et al. 2015).

    Raises DtypeError for integers.
    """

    symbol = "ELU"

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def compute(self, x: Any) -> Any:
        return where(x > 0, x, expm1(minimum(x, 0.0)) * self.alpha)


class HardTanh(Module):
    """x limited to ``min_value`` and ``max_value``, element by element: any shape to the same.

    The gradient is 0 outside. Torch's nn/HardTanh.lua. Raises ValueError for bounds in the wrong
    order, DtypeError for integers.
    """

    def __init__(self, min_value: float = -1.0, max_value: float = 1.0) -> None:
        in_order("HardTanh: min_value and max_value", min_value, max_value)
        self.min_value = min_value
        self.max_value = max_value

    def compute(self, x: Any) -> Any:
        return clamp(x, self.min_value, self.max_value)


class Clamp(Module):
    """HardTanh with both bounds required: any shape to the same (Torch's nn/Clamp.lua).

    Raises ValueError for bounds in the wrong order, DtypeError for integers.
    """

    def __init__(self, min_value: float, max_value: float) -> None:
        in_order("Clamp: min_value and max_value", min_value, max_value)
        self.min_value = min_value
        self.max_value = max_value

    def compute(self, x: Any) -> Any:
        return clamp(x, self.min_value, self.max_value)


def clamp(x: Any, low: float, high: float) -> Any:
    return minimum(high, maximum(low, x))


class Threshold(Module):
    """x where x > ``threshold``, else ``value``: any shape to the same (Torch's nn/Threshold.lua).

    Raises DtypeError for integers.
    """

    def __init__(self, threshold: float = 1e-6, value: float = 0.0) -> None:
        self.threshold = threshold
        self.value = value

    def compute(self, x: Any) -> Any:
        return where(x > self.threshold, x, self.value)


class SoftShrink(Module):
    """x moved towards 0 by ``threshold``, or 0 if nearer than that: any shape to the same.

    Torch's nn/SoftShrink.lua. Raises DtypeError for integers.
    """

    def __init__(self, threshold: float = 0.5) -> None:
        self.threshold = threshold

    def compute(self, x: Any) -> Any:
        below = where(x < -self.threshold, x + self.threshold, 0.0)
        return where(x > self.threshold, x - self.threshold, below)


class HardShrink(Module):
    """x where ``|x| > threshold``, else 0: any shape to the same (Torch's nn/HardShrink.lua).

    Raises DtypeError for integers.
    """

    def __init__(self, threshold: float = 0.5) -> None:
        self.threshold = threshold

    def compute(self, x: Any) -> Any:
        return where(absolute(x) > self.threshold, x, 0.0)
