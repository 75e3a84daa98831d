"""Stochastic gradient descent with momentum."""

from __future__ import annotations

from typing import final

import numpy as np

from graphnet.ir.core.types import NDArray
from graphnet.optim.base.optimizer import Optimizer, require_number
from graphnet.optim.base.several_nets import Trained


@final
class SGD(Optimizer):
    """Gradient descent, with momentum, Nesterov's form of it, and weight decay.

    With x the flat vector of all parameters (numbers,)::

        g = gradient + weight_decay · x
        v = g at the first step, then momentum · v + (1 - dampening) · g
        x = x - learning_rate · (g + momentum · v   with nesterov,   v   without it)

    Torch's optim/sgd.lua, where dampening defaults to the momentum; here it is 0, as in PyTorch.
    Nesterov's form is that of Sutskever et al. 2013. Raises ValueError for an argument out of
    range, or for ``nesterov`` without momentum or with dampening, GraphError if ``net`` is no
    module.
    """

    memory: tuple[str, ...] = ("velocity",)
    settings = ("momentum", "dampening", "nesterov")

    def __init__(
        self,
        net: Trained,
        learning_rate: float = 0.01,
        *,
        momentum: float = 0.0,
        dampening: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        require_number("momentum", momentum, 0.0)
        if nesterov and (momentum == 0 or dampening != 0):
            raise ValueError(
                f"nesterov needs a momentum and no dampening, "
                f"received momentum {momentum} and dampening {dampening}"
            )
        self.momentum = momentum
        self.dampening = dampening
        self.nesterov = nesterov
        self.memory = SGD.memory if momentum else ()
        super().__init__(net, learning_rate, weight_decay)

    def update(self, values: NDArray, gradients: NDArray) -> None:
        work = self._work
        direction = gradients
        if self.momentum:
            direction = velocity = self.vectors["velocity"]
            self._accelerate(velocity, gradients)
            if self.nesterov:
                np.multiply(velocity, self.momentum, out=work)
                direction = np.add(work, gradients, out=work)
        values -= np.multiply(direction, self.rate, out=work)

    def _accelerate(self, velocity: NDArray, gradients: NDArray) -> None:
        if self.steps == 1:
            velocity[...] = gradients
        else:
            velocity *= self.momentum
            velocity += np.multiply(gradients, 1 - self.dampening, out=self._work)
