"""The states of a net that its runs change: buffers, and what is remembered from run to run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import repeat
from operator import attrgetter

from graphnet.graph.modules.base import BaseModule
from graphnet.graph.values.memory import RunState

held = attrgetter("_data")


def states_of(net: BaseModule) -> list[RunState]:
    """All of them."""
    found: list[RunState] = [buffer for _, buffer in net.named_buffers()]
    for _, module in net.named_modules():
        memories: dict[int, RunState] = module.__dict__.get("_memories", {})
        found += memories.values()
    return found


@contextmanager
def states_kept(net: BaseModule) -> Iterator[None]:
    """A block whose runs leave the states of a net as they were.

    >>> import numpy as np
    >>> from graphnet import nn
    >>> net = nn.BatchNormalization(2)
    >>> with states_kept(net):
    ...     _ = net.forward(np.ones((3, 2)))
    >>> net.running_mean.data
    array([0., 0.])
    """
    before = {state: held(state) for state in states_of(net)}
    try:
        yield
    finally:
        states = states_of(net)  # a first run has made some, which were empty before
        list(map(setattr, states, repeat("_data"), map(before.get, states)))
