"""RMSprop: steps scaled by a running average of squared gradients."""

from __future__ import annotations

from typing import final

import numpy as np

from graphnet.ir.core.types import NDArray
from graphnet.optim.base.optimizer import Optimizer, require_number, take_in
from graphnet.optim.base.several_nets import Trained


@final
class RMSprop(Optimizer):
    """RMSprop: a running average of squared gradients scales each step.

    With x the flat vector of all parameters (numbers,)::

        g = gradient + weight_decay · x
        m = decay · m + (1 - decay) · g²
        x = x - learning_rate · g / (sqrt(m) + eps)

    Tieleman & Hinton 2012 (Coursera, lecture 6.5), in the form of Torch's optim/rmsprop.lua.
    char-rnn trains with a learning rate of 0.002 and a decay of 0.95. The average m starts at
    ``initial_mean``. Raises ValueError for an argument out of range, GraphError if ``net`` is no
    module.
    """

    memory = ("square_average",)
    settings = ("decay", "eps")

    def __init__(
        self,
        net: Trained,
        learning_rate: float = 0.01,
        *,
        decay: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        initial_mean: float = 0.0,
    ) -> None:
        require_number("decay", decay, 0.0, below=1.0)
        require_number("eps", eps, 0.0)
        require_number("initial_mean", initial_mean, 0.0)
        self.decay = decay
        self.initial_mean = initial_mean
        self.eps = eps
        super().__init__(net, learning_rate, weight_decay)

    def _allocate(self, size: int) -> None:
        super()._allocate(size)
        self.vectors["square_average"].fill(self.initial_mean)

    def update(self, values: NDArray, gradients: NDArray) -> None:
        work = self._work
        average = self.vectors["square_average"]
        take_in(average, np.multiply(gradients, gradients, out=work), self.decay, work)
        np.sqrt(average, out=work)
        work += self.eps
        np.divide(gradients, work, out=work)
        work *= self.rate
        values -= work
