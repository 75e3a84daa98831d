"""The loss and its gradient as a function of the vector of trained numbers."""

from __future__ import annotations

from typing import final

import numpy as np

from graphnet.graph.tracing.staleness import FlatVectors
from graphnet.graph.values.changes import changes
from graphnet.ir.core.types import NDArray
from graphnet.optim.base.optimizer import Closure, Optimizer


@final
class Objective:
    """What a closure computes at any point x (numbers,); ``evaluations`` counts its calls."""

    def __init__(self, optimizer: Optimizer, closure: Closure) -> None:
        self._part, self._closure = optimizer._part, closure
        self._vectors = FlatVectors.of(optimizer.net)
        optimizer._require_same_parameters(self._vectors.flat.data)
        self.evaluations = 0

    def point(self) -> NDArray:
        """A copy of the trained numbers."""
        return np.array(self._part.of(self._vectors.flat.data))

    def move(self, x: NDArray) -> None:
        """Give the net these numbers."""
        values = self._vectors.flat.data
        mine = self._part.of(values)
        mine[...] = x
        self._part.write(mine, values)
        changes.note(self._vectors.parameters)

    def here(self) -> tuple[float, NDArray]:
        """The loss where the net is, and a copy of its gradient."""
        loss = float(self._closure())
        self.evaluations += 1
        return loss, np.array(self._part.of(self._vectors.flat.grad))

    def at(self, x: NDArray) -> tuple[float, NDArray]:
        """The loss at x, where the net is then, and the gradient."""
        self.move(x)
        return self.here()
