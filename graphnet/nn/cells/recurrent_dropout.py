"""Dropout for what is carried from step to step: Zoneout, and masks that stay the same."""

from __future__ import annotations

from typing import Any

from graphnet.errors import ShapeError
from graphnet.graph import Module
from graphnet.graph.values.table import describe
from graphnet.graph.wiring.arithmetic import require_pair
from graphnet.ops import cast, uniform, where


def probability(what: str, p: float) -> float:
    """p, if 0 <= p < 1; raises ValueError."""
    if not 0 <= p < 1:
        raise ValueError(f"{what}: p is {p}, expected 0 <= p < 1")
    return p


class VariationalDropout(Module):
    """Dropout with one mask for a whole run: in a cell, the same entries are zero at every step.

    The mask has the shape of the input, so outside of a cell, on an array (steps, batch, …), it has
    one entry for each step too. In training, each entry is zero with probability ``p`` and else
    divided by 1 - p; otherwise the identity. Gal and Ghahramani 2016, "A theoretically grounded
    application of dropout in recurrent neural networks".
    """

    def __init__(self, p: float = 0.5) -> None:
        self.p = probability("VariationalDropout", p)

    def compute(self, x: Any) -> Any:
        if not self.training or self.p == 0:
            return x
        kept = cast(uniform(x.shape, x.dtype, once=True) >= self.p, x.dtype)
        return x * (kept * (1 / (1 - self.p)))


class Zoneout(Module):
    """Takes [previous, next]: in training each entry keeps its previous value with probability p.

    Otherwise p previous + (1 - p) next, the mean. Krueger et al. 2016, "Zoneout: regularizing RNNs
    by randomly preserving hidden activations". Raises ShapeError where the two differ in shape.
    """

    def __init__(self, p: float = 0.1) -> None:
        self.p = probability("Zoneout", p)

    def compute(self, table: Any) -> Any:
        previous, following = require_pair(table)
        if previous.shape != following.shape:
            raise ShapeError(f"expects two arrays of one shape, received {describe(table)}")
        if self.training and self.p:
            changes = uniform(following.shape, following.dtype) >= self.p
            return where(changes, following, previous)
        return previous * self.p + following * (1 - self.p)
