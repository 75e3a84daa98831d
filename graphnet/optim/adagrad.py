"""Adagrad: steps scaled by the sum of squared gradients."""

from __future__ import annotations

from typing import final

import numpy as np

from graphnet.ir.core.types import NDArray
from graphnet.optim.base.optimizer import Optimizer, require_number
from graphnet.optim.base.several_nets import Trained


@final
class Adagrad(Optimizer):
    """Adagrad: a sum of squared gradients scales each step, so that steps become shorter.

    With x the flat vector of all parameters (numbers,)::

        g = gradient + weight_decay · x
        s = s + g²
        x = x - learning_rate · g / (sqrt(s) + eps)

    Duchi, Hazan & Singer 2011, in the form of Torch's optim/adagrad.lua, whose learning rate is
    0.001; here it is 0.01, as in PyTorch. The sum starts at ``initial_sum``. Raises ValueError for
    an argument out of range, GraphError if ``net`` is no module.
    """

    memory = ("square_sum",)
    settings = ("eps",)

    def __init__(
        self,
        net: Trained,
        learning_rate: float = 0.01,
        *,
        eps: float = 1e-10,
        weight_decay: float = 0.0,
        initial_sum: float = 0.0,
    ) -> None:
        require_number("eps", eps, 0.0)
        require_number("initial_sum", initial_sum, 0.0)
        self.initial_sum = initial_sum
        self.eps = eps
        super().__init__(net, learning_rate, weight_decay)

    def _allocate(self, size: int) -> None:
        super()._allocate(size)
        self.vectors["square_sum"].fill(self.initial_sum)

    def update(self, values: NDArray, gradients: NDArray) -> None:
        work = self._work
        total = self.vectors["square_sum"]
        total += np.multiply(gradients, gradients, out=work)
        np.sqrt(total, out=work)
        work += self.eps
        np.divide(gradients, work, out=work)
        work *= self.rate
        values -= work
