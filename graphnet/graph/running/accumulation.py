"""Accumulation of gradients into parameters, atomic for each run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import repeat

import numpy as np

from graphnet import forkable
from graphnet.graph.running.linked_program import LinkedProgram, Vector
from graphnet.graph.tracing.staleness import ArraysSnapshot
from graphnet.graph.values.parameter import Flat, Parameter
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
    """As ``add_to_parameters``, for arrays."""
    list(map(np.add, totals, found, totals))


@_accumulating.guards
def replace(totals: Sequence[NDArray], found: Iterable[NDArray], idle: Sequence[NDArray]) -> None:
    """Overwrite gradients, with zeros where there are none: all of them or none."""
    if idle:
        totals, found = [*totals, *idle], [*found, *repeat(ZERO, len(idle))]
    list(map(np.ndarray.__setitem__, totals, repeat(...), found))


class Accumulator:
    """The arrays that the gradients of a training step are added to; final.

    It is valid while the ``arrays`` are current. ``flat`` holds all ``parameters`` of the net, or
    is None.
    """

    def __init__(
        self, parameters: Sequence[Parameter], linked: LinkedProgram, flat: Flat | None
    ) -> None:
        gradients = linked.gradients
        own = [(p.grad, at) for p, at in gradients.items() if isinstance(p, Parameter)]
        whole = [at for source, at in gradients.items() if isinstance(source, Vector)]
        if flat is None:
            self._idle = [p.grad for p in parameters if p not in gradients]
        else:
            own += [(flat.grad, at) for at in whole]
            self._idle = [] if whole else [flat.grad]
        self._totals = [total for total, _ in own]
        self._positions = [position for _, position in own]
        others = [p for p in linked.parameters() if p not in set(parameters)]
        self.arrays = ArraysSnapshot([*parameters, *others])

    def accept(self, results: Sequence[NDArray], add: bool) -> None:
        """Add the gradients among the results of a step, or replace those before by them."""
        found = map(results.__getitem__, self._positions)
        if add:
            add_to_arrays(self._totals, found)
        else:
            replace(self._totals, found, self._idle)
