"""Dropout."""

from __future__ import annotations

from typing import Any

from graphnet.graph import Module
from graphnet.ops import cast, uniform

__all__ = ["Dropout"]


class Dropout(Module):
    """In training, zeroes each entry with probability ``p`` and divides the rest by ``1 - p``.

    Input of any shape; the output has the same. In evaluation it is the identity. The generator of
    the net draws a new mask for each run and for each step of a sequence. Srivastava et al. 2014.
    Raises ValueError unless ``0 <= p < 1``, and in training DtypeError for integers.
    """

    def __init__(self, p: float = 0.5) -> None:
        if not 0 <= p < 1:
            raise ValueError(f"Dropout: p is {p}, expected 0 <= p < 1")
        self.p = p

    def compute(self, x: Any) -> Any:
        if not self.training or self.p == 0:
            return x
        kept = cast(uniform(x.shape, x.dtype) >= self.p, x.dtype)
        return x * (kept * (1 / (1 - self.p)))
