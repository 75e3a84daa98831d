"""Evaluation mode within a block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from graphnet.graph.modules.base import BaseModule


@contextmanager
def evaluating(net: BaseModule) -> Iterator[None]:
    """A block in evaluation mode; afterwards each module has its former mode.

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
