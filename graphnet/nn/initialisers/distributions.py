"""Initial values that do not depend on the shape: uniform, normal, constant."""

from __future__ import annotations

from functools import partial
from math import erf, sqrt

import numpy as np

from graphnet.graph.values.parameter import Initialise
from graphnet.ir.core.types import NDArray, Shape


def uniform(bound: float) -> Initialise:
    """Uniformly distributed between -bound and bound, for a parameter of any shape."""

    def draw(shape: Shape, generator: np.random.Generator) -> NDArray:
        return generator.uniform(-bound, bound, shape)

    return draw


def normal(mean: float = 0.0, deviation: float = 1.0) -> Initialise:
    """Normally distributed, with this mean and standard deviation, for a parameter of any shape."""

    def draw(shape: Shape, generator: np.random.Generator) -> NDArray:
        return generator.normal(mean, deviation, shape)

    return draw


def truncated_normal(
    mean: float = 0.0, deviation: float = 1.0, low: float = -2.0, high: float = 2.0
) -> Initialise:
    """Normally distributed between ``low`` and ``high``: what falls outside is drawn again.

    Raises ValueError unless ``low < high`` hold at least a thousandth of the distribution.
    """
    share = below(high, mean, deviation) - below(low, mean, deviation)
    if not (low < high and share > 1e-3):
        raise ValueError(
            f"low is {low} and high {high}, expected low < high around the mean {mean}"
        )
    return partial(draw_truncated, mean, deviation, low, high)


def below(limit: float, mean: float, deviation: float) -> float:
    """The share of a normal distribution below a limit."""
    return 0.5 * (1.0 + erf((limit - mean) / (deviation * sqrt(2.0))))


def draw_truncated(
    mean: float,
    deviation: float,
    low: float,
    high: float,
    shape: Shape,
    generator: np.random.Generator,
) -> NDArray:
    values = generator.normal(mean, deviation, shape)
    outside = (values < low) | (values > high)
    while outside.any():
        values[outside] = generator.normal(mean, deviation, int(outside.sum()))
        outside = (values < low) | (values > high)
    return values


def constant(value: float) -> Initialise:
    """One value for all entries of a parameter of any shape."""

    def draw(shape: Shape, generator: np.random.Generator) -> NDArray:
        return np.full(shape, value)

    return draw
