"""Noise in training: Gaussian noise added to an array, whole inputs dropped."""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np

from graphnet.errors import DtypeError
from graphnet.graph import Module
from graphnet.nn.layers.tables import require_array
from graphnet.ops import cast, cos, log, sqrt, uniform

__all__ = ["TotalDropout", "WhiteNoise"]


class WhiteNoise(Module):
    """In training, adds normal noise of this mean and standard deviation to each entry.

    Any shape to the same; in evaluation ``mean`` is added. The generator of the net draws new noise
    for each run and for each step of a sequence, by Box and Muller's formula (1958).
    Element-Research dpnn's WhiteNoise.lua. Raises ValueError for a negative ``std``, DtypeError for
    integers, GraphError for a table.
    """

    def __init__(self, mean: float = 0.0, std: float = 0.1) -> None:
        if not std >= 0:
            raise ValueError(f"WhiteNoise: std is {std!r}, expected a number from 0")
        self.mean = mean
        self.std = std

    def compute(self, x: Any) -> Any:
        require_floats(x)
        if not self.training or not self.std:
            return x + self.mean
        radius = sqrt(-2.0 * log(1.0 - uniform(x.shape, x.dtype)))
        return x + (radius * cos(2 * pi * uniform(x.shape, x.dtype)) * self.std + self.mean)


class TotalDropout(Module):
    """In training, zeroes the whole input with probability ``p``: any shape to the same.

    What is kept is not scaled, as in Element-Research dpnn's TotalDropout.lua. In evaluation it is
    the identity. Raises ValueError unless ``0 <= p < 1``, DtypeError for integers, GraphError for a
    table.
    """

    def __init__(self, p: float = 0.5) -> None:
        if not 0 <= p < 1:
            raise ValueError(f"TotalDropout: p is {p}, expected 0 <= p < 1")
        self.p = p

    def compute(self, x: Any) -> Any:
        require_floats(x)
        if not self.training or self.p == 0:
            return x
        return x * cast(uniform((1,) * x.ndim, x.dtype) >= self.p, x.dtype)


def require_floats(x: Any) -> None:
    """Raise DtypeError for an array of other numbers, GraphError for a table."""
    if not np.issubdtype(require_array(x).dtype, np.floating):
        raise DtypeError(f"expects floating point numbers, received {x.dtype}")
