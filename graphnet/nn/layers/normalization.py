"""Normalisation of activations."""

from __future__ import annotations

from typing import Any

from graphnet.errors import ShapeError
from graphnet.graph import Module, Parameter
from graphnet.graph.values.table import describe, is_table
from graphnet.nn import init
from graphnet.nn.layers.linear import positive
from graphnet.ops import sqrt

__all__ = ["LayerNorm"]


class LayerNorm(Module):
    """The last axis scaled to mean 0 and variance 1, times ``weight``, plus ``bias``.

    (…, size) to (…, size); ``weight`` and ``bias`` are (size,) and start at one and zero; ``bias``
    may be None. ``eps`` is added to the variance. Ba et al. 2016, "Layer normalization". Raises
    ValueError for a size below 1, ShapeError for another size of the last axis.
    """

    def __init__(self, size: int, eps: float = 1e-5, bias: bool = True) -> None:
        self.size = positive("LayerNorm: size", size)
        self.eps = eps
        self.weight = Parameter((size,), init.constant(1.0))
        self.bias = Parameter((size,), init.constant(0.0)) if bias else None

    def compute(self, x: Any) -> Any:
        if is_table(x) or x.shape[-1:] != (self.size,):
            raise ShapeError(f"expects an array (…, {self.size}), received {describe(x)}")
        centred = x - x.mean(-1, keepdims=True)
        variance = (centred * centred).mean(-1, keepdims=True)
        y = centred / sqrt(variance + self.eps) * self.weight
        return y + self.bias if self.bias else y
