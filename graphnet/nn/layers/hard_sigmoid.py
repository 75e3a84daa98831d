"""The hard sigmoid: three straight lines in place of the logistic function."""

from __future__ import annotations

from typing import Any

from graphnet.graph import Module
from graphnet.nn.layers.rectifiers import clamp

__all__ = ["HardSigmoid"]


class HardSigmoid(Module):
    """``min(1, max(0, x / 6 + 1 / 2))``, element by element, as PyTorch's ``nn.Hardsigmoid``.

    Input of any shape; the output has the same. Raises DtypeError for integers.
    """

    def compute(self, x: Any) -> Any:
        return clamp(x * (1 / 6) + 0.5, 0.0, 1.0)
