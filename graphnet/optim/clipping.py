"""Gradient clipping: keep one bad batch from throwing the parameters far away."""

from __future__ import annotations

import math

import numpy as np

from graphnet.errors import NumericsError
from graphnet.graph import Module


def clip_grad_norm(net: Module, largest: float) -> float:
    """Shrink all gradients of a net by one factor so that their norm is at most ``largest``.

    Returns the Euclidean norm over all parameters before (Pascanu et al. 2013). Raises
    NumericsError where a gradient is NaN or infinite, which no factor can mend.
    """
    require_positive("norm", largest)
    gradients = net.flatten_parameters()[1]
    norm = math.sqrt(float(np.einsum("i,i->", gradients, gradients, dtype=np.float64)))
    if not math.isfinite(norm):
        raise NumericsError(
            f"have the norm {norm}, so clipping cannot help",
            "Look for the node at fault with net.run(inputs, check_finite=True).",
            "the gradients",
        )
    if norm > largest:
        gradients *= largest / norm
    return norm


def clip_grad_value(net: Module, bound: float) -> None:
    """Limit every gradient of a net to the range from ``-bound`` to ``bound`` (char-rnn: 5)."""
    require_positive("value", bound)
    gradients = net.flatten_parameters()[1]
    np.clip(gradients, -bound, bound, out=gradients)


def require_positive(what: str, limit: float) -> None:
    if not limit > 0:
        raise ValueError(f"the largest {what} is {limit}, expected a positive number")
