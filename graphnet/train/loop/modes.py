"""A check of the mode in which a net is trained."""

from __future__ import annotations

from graphnet.errors import GraphError
from graphnet.graph import Module


def require_training(net: Module) -> None:
    """Raise GraphError if all modules of a net are in evaluation mode."""
    if not any(module.is_training for _, module in net.named_modules()):
        raise GraphError(
            "is in evaluation mode, so it would be trained without dropout and the like",
            "Call net.train() first; modules that are to stay as they are can be switched to "
            "evaluation one by one.",
            type(net).__name__,
        )
