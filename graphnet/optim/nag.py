"""Nesterov's accelerated gradient, with learning rates inside the velocity."""

from __future__ import annotations

from typing import final

import numpy as np

from graphnet.ir.core.types import NDArray
from graphnet.optim.base.optimizer import Optimizer, require_number
from graphnet.optim.base.several_nets import Trained


@final
class NAG(Optimizer):
    """Nesterov's accelerated gradient: the gradient at a point ahead of x, along the velocity v.

    With x the flat vector of all parameters (numbers,)::

        g = gradient + weight_decay · ahead, both at ahead = x + momentum · v
        v = momentum · v - learning_rate · g
        x = x + v

    Sutskever et al. 2013, as in Torch's optim/nag.lua, whose learning rate is 0.001; here it is
    0.01, as in SGD. Between steps the net is at ``ahead``, where the next gradient is taken;
    ``point()`` gives x. With a constant learning rate, SGD with ``nesterov`` takes the same steps.
    After a change, its whole velocity is scaled by the new rate; here gradients keep the rate of
    their step. Raises ValueError for an argument out of range, GraphError if ``net`` is no module.
    """

    memory = ("velocity",)
    settings = ("momentum",)

    def __init__(
        self,
        net: Trained,
        learning_rate: float = 0.01,
        *,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
    ) -> None:
        require_number("momentum", momentum, 0.0)
        if momentum == 0:
            raise ValueError("momentum is 0, expected a positive number: without it, take SGD")
        self.momentum = momentum
        super().__init__(net, learning_rate, weight_decay)

    def update(self, values: NDArray, gradients: NDArray) -> None:
        work = self._work
        velocity = self.vectors["velocity"]
        velocity *= self.momentum
        np.multiply(gradients, self.rate, out=work)
        velocity -= work
        values -= work
        values += np.multiply(velocity, self.momentum, out=work)

    def point(self) -> NDArray:
        """A copy of the flat vector x (numbers,), without the lead: the result of nag.lua."""
        values, _ = self.net.flatten_parameters()
        return np.subtract(values, self.momentum * self.vectors["velocity"])
