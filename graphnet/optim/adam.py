"""Adam: running averages of gradients and of their squares, both with bias correction."""

from __future__ import annotations

from typing import final

import numpy as np

from graphnet.ir.core.types import NDArray
from graphnet.optim.optimizer import Optimizer, require_number, take_in
from graphnet.optim.several_nets import Trained


@final
class Adam(Optimizer):
    """Adam: running averages of the gradient and of its square.

    With x the flat vector of all parameters (numbers,), in step t = 1, 2, …::

        g = gradient + weight_decay · x
        m = beta1 · m + (1 - beta1) · g          v = beta2 · v + (1 - beta2) · g²
        x = x - learning_rate · (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)

    Kingma & Ba 2015, algorithm 1. With ``eps_inside`` it is the order of operations at the end of
    section 2 of the paper, which Torch's optim/adam.lua follows::

        x = x - learning_rate · sqrt(1 - beta2^t) / (1 - beta1^t) · m / (sqrt(v) + eps)

    Raises ValueError for an argument out of range, GraphError if ``net`` is no module.
    """

    memory = ("average", "square_average")
    settings = ("beta1", "beta2", "eps", "eps_inside")

    def __init__(
        self,
        net: Trained,
        learning_rate: float = 0.001,
        *,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        eps_inside: bool = False,
    ) -> None:
        require_number("beta1", beta1, 0.0, below=1.0)
        require_number("beta2", beta2, 0.0, below=1.0)
        require_number("eps", eps, 0.0)
        self.beta1 = beta1
        self.beta2 = beta2
        self.eps = eps
        self.eps_inside = eps_inside
        super().__init__(net, learning_rate, weight_decay)

    def update(self, values: NDArray, gradients: NDArray) -> None:
        work = self._work
        average, square = self.vectors["average"], self.vectors["square_average"]
        take_in(average, gradients, self.beta1, work)
        take_in(square, np.multiply(gradients, gradients, out=work), self.beta2, work)
        np.sqrt(square, out=work)
        start = float(np.sqrt(1 - self.beta2**self.steps))
        work += self.eps if self.eps_inside else self.eps * start
        np.divide(average, work, out=work)
        work *= self.learning_rate * start / (1 - self.beta1**self.steps)
        values -= work
