"""Gradient clipping: limits the step of an exceptional batch."""

from __future__ import annotations

import math

import numpy as np

from graphnet.errors import NumericsError
from graphnet.graph.modules.calls import checked
from graphnet.optim.base.several_nets import Trained, as_one


@checked
def clip_grad_norm(net: Trained, max_norm: float) -> float:
    """Scale all gradients of a net (or of several) to a Euclidean norm of at most ``max_norm``.

    Returns the norm over all parameters before (Pascanu et al. 2013). Raises ValueError unless
    ``max_norm`` is positive, NumericsError if a gradient is NaN or infinite, GraphError for
    parameters of several dtypes.
    """
    require_positive("max_norm", max_norm)
    gradients = as_one(net, "clip_grad_norm").flatten_parameters()[1]
    norm = math.sqrt(float(np.einsum("i,i->", gradients, gradients, dtype=np.float64)))
    if not math.isfinite(norm):
        raise NumericsError(
            f"have the norm {norm}, so clipping cannot help",
            "Look for the node at fault with net.run(inputs, check_finite=True).",
            "the gradients",
        )
    if norm > max_norm:
        gradients *= max_norm / norm
    return norm


@checked
def clip_grad_value(net: Trained, max_value: float) -> None:
    """Limit every gradient of a net, or of several, to ±``max_value`` (char-rnn: 5).

    Raises ValueError unless ``max_value`` is positive, GraphError for parameters of several dtypes.
    """
    require_positive("max_value", max_value)
    gradients = as_one(net, "clip_grad_value").flatten_parameters()[1]
    np.clip(gradients, -max_value, max_value, out=gradients)


def require_positive(name: str, limit: float) -> None:
    if not limit > 0:
        raise ValueError(f"{name} is {limit}, expected a positive number")
