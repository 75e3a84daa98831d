"""Regularisation of recurrent states: zoneout, and dropout with a fixed mask."""

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

    Input of any shape; the output has the same. In training, each entry is zero with probability
    ``p`` and else divided by ``1 - p``; in evaluation it is the identity. The mask has the shape of
    the input, so outside of a cell, on an array (steps, batch, …), it has one entry for each step
    too. Gal and Ghahramani 2016, "A theoretically grounded application of dropout in recurrent
    neural networks". Raises ValueError unless ``0 <= p < 1``.
    """

    def __init__(self, p: float = 0.5) -> None:
        self.p = probability("VariationalDropout", p)

    def compute(self, x: Any) -> Any:
        if not self.training or self.p == 0:
            return x
        kept = cast(uniform(x.shape, x.dtype, once=True) >= self.p, x.dtype)
        return x * (kept * (1 / (1 - self.p)))


class Zoneout(Module):
    """In training, each entry of [previous, next] keeps its previous value with probability ``p``.

    Both arrays have one shape, any; so has the output. In evaluation it is the mean, ``p previous +
    (1 - p) next``. Krueger et al. 2016, "Zoneout: regularizing RNNs by randomly preserving hidden
    activations". Raises ValueError unless ``0 <= p < 1``, ShapeError if the shapes differ,
    GraphError if the input is no pair.
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
