"""Initial values of parameters: functions of a shape and a random generator."""

from __future__ import annotations

import sys
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from graphnet.graph.values.parameter import Initialise
from graphnet.ir.core.types import NDArray, Shape
from graphnet.names_from_elsewhere import INITIALISERS
from graphnet.tracebacks import public


def uniform(bound: float) -> Initialise:
    """Uniformly distributed between -bound and bound, for a parameter of any shape."""

    def draw(shape: Shape, generator: np.random.Generator) -> NDArray:
        return generator.uniform(-bound, bound, shape)

    return draw


def fan_in_uniform(fan_in: int) -> Initialise:
    """Uniform within ``1 / sqrt(fan_in)``, Torch's default for Linear (LeCun et al. 1998).

    ``fan_in`` is the number of inputs of a unit; 0 counts as 1.
    """
    return uniform(1 / sqrt(max(fan_in, 1)))


def normal(mean: float = 0.0, deviation: float = 1.0) -> Initialise:
    """Normally distributed, with this mean and standard deviation, for a parameter of any shape."""

    def draw(shape: Shape, generator: np.random.Generator) -> NDArray:
        return generator.normal(mean, deviation, shape)

    return draw


def constant(value: float) -> Initialise:
    """One value for all entries of a parameter of any shape."""

    def draw(shape: Shape, generator: np.random.Generator) -> NDArray:
        return np.full(shape, value)

    return draw


if not TYPE_CHECKING:  # type checkers report missing names

    @public
    def __getattr__(name: str) -> Any:
        """What a name of another library stands for, or an error that tells it."""
        return INITIALISERS.attribute(sys.modules[__name__], __name__, name)
