"""Dropout."""

from __future__ import annotations

from typing import Any

from graphnet.graph import Module
from graphnet.ops import cast, uniform


class Dropout(Module):
    """In training, each entry is zero with probability ``p`` and else divided by 1 - p.

    Otherwise the identity (Srivastava et al. 2014). The mask is drawn by the generator of the net
    that runs, anew for each run and for each step of a sequence.
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
