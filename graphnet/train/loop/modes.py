"""Modes: evaluation for a while, without forgetting which modules were in which mode."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from graphnet.errors import GraphError
from graphnet.graph import Module


@contextmanager
def evaluating(net: Module) -> Iterator[None]:
    """Dropout and the like are off within; afterwards each module is in its own mode again.

    >>> from graphnet import nn
    >>> net = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5).evaluate())
    >>> with evaluating(net):
    ...     [module.is_training for _, module in net.named_modules()]
    [False, False, False]
    >>> [module.is_training for _, module in net.named_modules()]
    [True, True, False]
    """
    modes = [(module, module.is_training) for _, module in net.named_modules()]
    try:
        net.evaluate()
        yield
    finally:
        for module, mode in modes:
            module.is_training = mode


def require_training(net: Module) -> None:
    """Raise GraphError for a net that is in evaluation mode as a whole."""
    if not any(module.is_training for _, module in net.named_modules()):
        raise GraphError(
            "is in evaluation mode, so it would be trained without dropout and the like",
            "Call net.train() first; modules that are to stay as they are can be switched to "
            "evaluation one by one.",
            type(net).__name__,
        )
