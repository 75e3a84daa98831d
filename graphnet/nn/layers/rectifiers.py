"""Piecewise functions applied to each entry: rectifiers, clamps, thresholds and shrinkage."""

from __future__ import annotations

from typing import Any

from graphnet.graph import Module, Parameter
from graphnet.nn.layers import init
from graphnet.ops import absolute, concatenate, expm1, maximum, minimum, uniform, where


class ReLU(Module):
    """max(0, x); its gradient at 0 is 0."""

    symbol = "ReLU"

    def compute(self, x: Any) -> Any:
        return maximum(0.0, x)


class ReLU6(Module):
    """min(6, max(0, x)) (Torch's nn/ReLU6.lua)."""

    symbol = "ReLU6"

    def compute(self, x: Any) -> Any:
        return minimum(6.0, maximum(0.0, x))


class LeakyReLU(Module):
    """x where x > 0, else ``negative_slope`` x (Maas et al. 2013)."""

    symbol = "LReLU"

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = negative_slope

    def compute(self, x: Any) -> Any:
        return where(x > 0, x, x * self.negative_slope)


class PReLU(Module):
    """x where x > 0, else ``weight`` x, with a learned slope (He et al. 2015).

    ``weight`` is (1,), one slope for all, when ``channels`` is 0; else (channels,), one for each
    position of the channel axis: the first axis of an input with 1 or 3 axes, the second (behind
    the batch) of one with 2 or 4, as in Torch's nn/PReLU.lua. Slopes start at 0.25.
    """

    symbol = "PReLU"

    def __init__(self, channels: int = 0) -> None:
        self.channels = channels
        self.weight = Parameter((max(channels, 1),), init.constant(0.25))

    def compute(self, x: Any) -> Any:
        behind = x.ndim - 1 if x.ndim % 2 else x.ndim - 2
        slope = self.weight.reshape(-1, *[1] * behind) if self.channels else self.weight
        return where(x > 0, x, x * slope)


class RReLU(Module):
    """x where x > 0, else a x with a slope a drawn between ``lower`` and ``upper`` in training.

    Otherwise a is the mean of the two (Xu et al. 2015; Torch's nn/RReLU.lua).
    """

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3) -> None:
        self.lower = lower
        self.upper = upper

    def compute(self, x: Any) -> Any:
        slope: Any = (self.lower + self.upper) / 2
        if self.training:
            slope = uniform(x.shape, x.dtype) * (self.upper - self.lower) + self.lower
        return where(x > 0, x, x * slope)


class CReLU(Module):
    """max(0, x) and max(0, -x) joined along ``axis``, which doubles it (Shang et al. 2016).

    ``axis`` is the first one behind the batch in Torch's nn/CReLU.lua.
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def compute(self, x: Any) -> Any:
        return concatenate([maximum(0.0, x), maximum(0.0, -x)], self.axis)


class ELU(Module):
    """x where x > 0, else alpha (exp(x) - 1) (Clevert et al. 2015)."""

    symbol = "ELU"

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def compute(self, x: Any) -> Any:
        return where(x > 0, x, expm1(minimum(x, 0.0)) * self.alpha)


class HardTanh(Module):
    """x, cut off below ``min_value`` and above ``max_value``; the gradient is 0 from there on."""

    def __init__(self, min_value: float = -1.0, max_value: float = 1.0) -> None:
        self.min_value = min_value
        self.max_value = max_value

    def compute(self, x: Any) -> Any:
        return clamp(x, self.min_value, self.max_value)


class Clamp(Module):
    """HardTanh under the name that Torch gives it where both bounds must be said."""

    def __init__(self, min_value: float, max_value: float) -> None:
        self.min_value = min_value
        self.max_value = max_value

    def compute(self, x: Any) -> Any:
        return clamp(x, self.min_value, self.max_value)


def clamp(x: Any, low: float, high: float) -> Any:
    return minimum(high, maximum(low, x))


class Threshold(Module):
    """x where x > ``threshold``, else ``value`` (Torch's nn/Threshold.lua)."""

    def __init__(self, threshold: float = 1e-6, value: float = 0.0) -> None:
        self.threshold = threshold
        self.value = value

    def compute(self, x: Any) -> Any:
        return where(x > self.threshold, x, self.value)


class SoftShrink(Module):
    """x moved towards 0 by ``threshold``, and 0 if nearer than that (Torch's nn/SoftShrink.lua)."""

    def __init__(self, threshold: float = 0.5) -> None:
        self.threshold = threshold

    def compute(self, x: Any) -> Any:
        below = where(x < -self.threshold, x + self.threshold, 0.0)
        return where(x > self.threshold, x - self.threshold, below)


class HardShrink(Module):
    """x where ``|x| > threshold``, else 0 (Torch's nn/HardShrink.lua)."""

    def __init__(self, threshold: float = 0.5) -> None:
        self.threshold = threshold

    def compute(self, x: Any) -> Any:
        return where(absolute(x) > self.threshold, x, 0.0)
