"""Criteria of the likelihood of numbers: under normal and under Poisson distributions."""

from __future__ import annotations

from math import log as log_of
from math import pi
from typing import Any

from graphnet.graph.wiring.arithmetic import require_pair
from graphnet.nn.criteria.criterion import Criterion, matching, reduced
from graphnet.ops import exp, log, maximum, where

__all__ = ["GaussianNLLCriterion", "PoissonNLLCriterion"]


class GaussianNLLCriterion(Criterion):
    """The mean negative log-likelihood of targets under normal distributions, in nats.

    ``(log(v) + (t - m)² / v) / 2`` for means m and variances v, which count as at least ``eps``;
    with ``full``, ``log(2 pi) / 2`` is added. Takes [[m, v], t], all of one shape, any; the loss is
    (), the sum without ``size_average``. Nix & Weigend 1994; PyTorch's GaussianNLLLoss, whose
    gradient passes variances below ``eps``. Raises ShapeError if the shapes differ, GraphError if
    the input is no pair.
    """

    symbol = "NLL"

    def __init__(self, full: bool = False, eps: float = 1e-6, size_average: bool = True) -> None:
        self.full = full
        self.eps = eps
        self.size_average = size_average

    def loss(self, input: Any, target: Any) -> Any:
        mean, variance = require_pair(input)
        variance = maximum(matching(mean, variance), self.eps)
        error = mean - matching(mean, target)
        losses = (log(variance) + error * error / variance) * 0.5
        if self.full:
            losses = losses + 0.5 * log_of(2 * pi)
        return reduced(losses, self.size_average)


class PoissonNLLCriterion(Criterion):
    """The mean negative log-likelihood of counts under Poisson distributions, in nats.

    ``exp(x) - t x`` for logarithms x of the expected counts; without ``log_input``,
    ``x - t log(x + eps)`` for the counts themselves. With ``full``, Stirling's approximation of
    ``log(t!)`` is added where t > 1. Input and target have one shape, any; the loss is (), the sum
    without ``size_average``. PyTorch's PoissonNLLLoss. Raises ShapeError if the shapes differ,
    GraphError for tables.
    """

    symbol = "NLL"

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        eps: float = 1e-8,
        size_average: bool = True,
    ) -> None:
        self.log_input = log_input
        self.full = full
        self.eps = eps
        self.size_average = size_average

    def loss(self, input: Any, target: Any) -> Any:
        t = matching(input, target)
        losses = exp(input) - t * input if self.log_input else input - t * log(input + self.eps)
        if self.full:
            many = t > 1
            safe = where(many, t, 1.0)
            stirling = safe * log(safe) - safe + 0.5 * log(safe * (2 * pi))
            losses = losses + where(many, stirling, 0.0)
        return reduced(losses, self.size_average)
