"""Pointwise functions and softmaxes."""

from __future__ import annotations

from typing import Any

from graphnet.graph import Module
from graphnet.ir.pointwise import maximum, sigmoid, tanh
from graphnet.ir.reduction import log_softmax, softmax


class Sigmoid(Module):
    """1 / (1 + exp(-x))."""

    symbol = "σ"

    def compute(self, x: Any) -> Any:
        return sigmoid(x)


class Tanh(Module):
    """Hyperbolic tangent."""

    symbol = "tanh"

    def compute(self, x: Any) -> Any:
        return tanh(x)


class ReLU(Module):
    """max(0, x); its gradient at 0 is 0."""

    symbol = "ReLU"

    def compute(self, x: Any) -> Any:
        return maximum(0.0, x)


class SoftMax(Module):
    """exp(x) / sum(exp(x)) along ``axis``."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def compute(self, x: Any) -> Any:
        return softmax(x, self.axis)


class LogSoftMax(Module):
    """log(exp(x) / sum(exp(x))) along ``axis``."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def compute(self, x: Any) -> Any:
        return log_softmax(x, self.axis)
