"""Adadelta: steps scaled by running averages of squared steps and gradients."""

from __future__ import annotations

from typing import final

import numpy as np

from graphnet.ir.core.types import NDArray
from graphnet.optim.base.optimizer import Optimizer, require_number, take_in
from graphnet.optim.base.several_nets import Trained


@final
class Adadelta(Optimizer):
    """Adadelta: the ratio of two running averages takes the place of a learning rate.

    With x the flat vector of all parameters (numbers,)::

        g = gradient + weight_decay · x
        m = decay · m + (1 - decay) · g²
        s = g · sqrt(a + eps) / sqrt(m + eps)
        a = decay · a + (1 - decay) · s²
        x = x - learning_rate · s

    Zeiler 2012, algorithm 1, with a learning rate of 1, as in Torch's optim/adadelta.lua. Raises
    ValueError for an argument out of range, GraphError if ``net`` is no module.
    """

    memory = ("square_average", "step_average")
    settings = ("decay", "eps")

    def __init__(
        self,
        net: Trained,
        learning_rate: float = 1.0,
        *,
        decay: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
    ) -> None:
        require_number("decay", decay, 0.0, below=1.0)
        require_number("eps", eps, 0.0)
        self.decay = decay
        self.eps = eps
        super().__init__(net, learning_rate, weight_decay)

    def _allocate(self, size: int) -> None:
        super()._allocate(size)
        self._size = np.empty_like(self._work)

    def update(self, values: NDArray, gradients: NDArray) -> None:
        step, size = self._work, self._size
        squares, steps = self.vectors["square_average"], self.vectors["step_average"]
        take_in(squares, np.multiply(gradients, gradients, out=size), self.decay, size)
        np.add(squares, self.eps, out=step)
        np.sqrt(step, out=step)
        np.divide(gradients, step, out=step)
        np.add(steps, self.eps, out=size)
        step *= np.sqrt(size, out=size)
        take_in(steps, np.multiply(step, step, out=size), self.decay, size)
        step *= self.rate
        values -= step
