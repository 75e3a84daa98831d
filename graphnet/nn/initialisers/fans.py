"""Initial weights scaled by fan: how many numbers enter a unit, and how many units read one."""

from __future__ import annotations

from collections.abc import Callable
from math import prod, sqrt
from typing import Literal

import numpy as np

from graphnet.errors import ShapeError
from graphnet.graph.values.parameter import Initialise
from graphnet.ir.core.types import NDArray, Shape
from graphnet.nn.initialisers.distributions import uniform

Deviation = Callable[[Shape], float]
Mode = Literal["fan_in", "fan_out"]
GAINS = {
    "linear": 1.0,
    "conv": 1.0,
    "sigmoid": 1.0,
    "tanh": 5 / 3,
    "relu": sqrt(2),
    "selu": 3 / 4,
}


def fan_in_uniform(fan_in: int | None = None) -> Initialise:
    """Uniform within ``1 / sqrt(fan_in)``, Torch's default for Linear (LeCun et al. 1998).

    ``fan_in`` is the number of inputs of a unit; 0 counts as 1, None is that of the weight's shape.
    """
    if fan_in is not None:
        return uniform(1 / sqrt(max(fan_in, 1)))
    return scaled(True, lambda shape: 1 / sqrt(3 * max(fans(shape)[0], 1)))


def xavier_uniform(gain: float = 1.0) -> Initialise:
    """Uniform within ``gain · sqrt(6 / (fan_in + fan_out))`` (Glorot & Bengio 2010).

    For a weight (out, in), or (out, in, …) of a convolution; raises ShapeError for fewer axes.
    """
    return scaled(True, lambda shape: gain * sqrt(2 / max(sum(fans(shape)), 1)))


def xavier_normal(gain: float = 1.0) -> Initialise:
    """Normal with the deviation ``gain · sqrt(2 / (fan_in + fan_out))`` (Glorot & Bengio 2010).

    For a weight (out, in), or (out, in, …) of a convolution; raises ShapeError for fewer axes.
    """
    return scaled(False, lambda shape: gain * sqrt(2 / max(sum(fans(shape)), 1)))


def kaiming_uniform(
    a: float = 0.0, mode: Mode = "fan_in", nonlinearity: str = "leaky_relu"
) -> Initialise:
    """Uniform within ``gain · sqrt(3 / fan)``, the gain that of a nonlinearity (He et al. 2015).

    ``a`` is the negative slope of a leaky ReLU; 0 makes it a ReLU. For a weight (out, in), or (out,
    in, …) of a convolution; raises ShapeError for fewer axes, ValueError for an unknown name.
    """
    return kaiming(True, a, mode, nonlinearity)


def kaiming_normal(
    a: float = 0.0, mode: Mode = "fan_in", nonlinearity: str = "leaky_relu"
) -> Initialise:
    """Normal with the deviation ``gain / sqrt(fan)``; arguments are those of kaiming_uniform.

    For a weight (out, in), or (out, in, …) of a convolution; raises ShapeError for fewer axes,
    ValueError for an unknown name (He et al. 2015).
    """
    return kaiming(False, a, mode, nonlinearity)


def kaiming(is_uniform: bool, a: float, mode: Mode, nonlinearity: str) -> Initialise:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"mode is {mode!r}, expected 'fan_in' or 'fan_out'")
    factor = calculate_gain(nonlinearity, a)
    place = 0 if mode == "fan_in" else 1
    return scaled(is_uniform, lambda shape: factor / sqrt(max(fans(shape)[place], 1)))


def calculate_gain(nonlinearity: str, a: float = 0.01) -> float:
    """The factor by which weights make up for what a nonlinearity takes from the variance.

    Of "linear", "sigmoid", "tanh", "relu", "leaky_relu" (whose negative slope is ``a``), "selu";
    raises ValueError for another. PyTorch's values.
    """
    if nonlinearity == "leaky_relu":
        return sqrt(2 / (1 + a * a))
    if nonlinearity not in GAINS:
        known = ", ".join([*GAINS, "leaky_relu"])
        raise ValueError(f"nonlinearity is {nonlinearity!r}, expected one of {known}")
    return GAINS[nonlinearity]


def scaled(is_uniform: bool, deviation: Deviation) -> Initialise:
    """Values with a standard deviation that follows from the shape."""

    def draw(shape: Shape, generator: np.random.Generator) -> NDArray:
        width = deviation(shape)
        if is_uniform:
            return generator.uniform(-sqrt(3) * width, sqrt(3) * width, shape)
        return generator.normal(0.0, width, shape)

    return draw


def fans(shape: Shape) -> tuple[int, int]:
    """How many numbers enter a unit of a weight (out, in, …), and how many units read one."""
    if len(shape) < 2:
        raise ShapeError(
            f"A parameter {shape} has no fan, expected a weight (out, in) or (out, in, …)",
            "Name the weights alone, '*.weight'; biases are constant or uniform.",
        )
    field = prod(shape[2:])
    return shape[1] * field, shape[0] * field
