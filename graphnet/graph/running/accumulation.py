"""Gradients of runs added to those of parameters: one run after the other, each as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import repeat

import numpy as np

from graphnet import forkable
from graphnet.graph.values.parameter import Parameter
from graphnet.ir.core.types import NDArray

_accumulating = forkable.Lock()
ZERO = np.zeros(())


@_accumulating.guards
def add_to_parameters(found: Sequence[tuple[Parameter, NDArray]]) -> None:
    """Add gradients to ``grad``: all of them or, where Ctrl-C strikes, none."""
    totals = [parameter.grad for parameter, _ in found]
    list(map(np.add, totals, [gradient for _, gradient in found], totals))  # nothing interrupts C


@_accumulating.guards
def add_to_arrays(totals: Sequence[NDArray], found: Iterable[NDArray]) -> None:
    """As ``add_to_parameters``, where the arrays are known."""
    list(map(np.add, totals, found, totals))


@_accumulating.guards
def replace(totals: Sequence[NDArray], found: Iterable[NDArray], idle: Sequence[NDArray]) -> None:
    """Put gradients in the place of those before, and zeros where there are none: all or none."""
    if idle:
        totals, found = [*totals, *idle], [*found, *repeat(ZERO, len(idle))]
    list(map(np.ndarray.__setitem__, totals, repeat(...), found))
