"""Dropout."""

from __future__ import annotations

from typing import Any

from graphnet.graph import Module
from graphnet.ops import cast, uniform

__all__ = ["Dropout"]


class Dropout(Module):
    """In training, zeroes each entry with probability ``p`` and divides the rest by ``1 - p``.

    Input of any shape; the output has the same. In evaluation it is the identity, or with
    ``stochastic_inference`` what it is in training. ``v1`` scales as Torch's first version did: not
    in training, but in evaluation, by ``1 - p``. The generator of the net draws a new mask for each
    run and for each step of a sequence. Srivastava et al. 2014; Torch's nn/Dropout.lua. Raises
    ValueError unless ``0 <= p < 1``, and in training DtypeError for integers.
    """

    def __init__(
        self, p: float = 0.5, *, v1: bool = False, stochastic_inference: bool = False
    ) -> None:
        if not 0 <= p < 1:
            raise ValueError(f"Dropout: p is {p}, expected 0 <= p < 1")
        self.p = p
        self.v1 = v1
        self.stochastic_inference = stochastic_inference

    def compute(self, x: Any) -> Any:
        if self.p == 0:
            return x
        if not self.training and not self.stochastic_inference:
            return x * (1 - self.p) if self.v1 else x
        kept = cast(uniform(x.shape, x.dtype) >= self.p, x.dtype)
        return x * (kept if self.v1 else kept * (1 / (1 - self.p)))
