"""Adamax: Adam with a decaying maximum in place of the root mean square."""

from __future__ import annotations

from typing import final

import numpy as np

from graphnet.ir.core.types import NDArray
from graphnet.optim.base.optimizer import Optimizer, require_number, take_in
from graphnet.optim.base.several_nets import Trained


@final
class Adamax(Optimizer):
    """Adamax: a running average of the gradient, and a decaying maximum of its size.

    With x the flat vector of all parameters (numbers,), in step t = 1, 2, …::

        g = gradient + weight_decay · x
        m = beta1 · m + (1 - beta1) · g          u = max(beta2 · u, |g| + eps)
        x = x - learning_rate / (1 - beta1^t) · m / u

    Kingma & Ba 2015, algorithm 2. Torch's optim/adamax.lua has an eps of 1e-38; here it is 1e-8, as
    in PyTorch. Raises ValueError for an argument out of range, GraphError if ``net`` is no module.
    """

    memory = ("average", "largest")
    settings = ("beta1", "beta2", "eps")

    def __init__(
        self,
        net: Trained,
        learning_rate: float = 0.002,
        *,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        require_number("beta1", beta1, 0.0, below=1.0)
        require_number("beta2", beta2, 0.0, below=1.0)
        require_number("eps", eps, 0.0)
        self.beta1 = beta1
        self.beta2 = beta2
        self.eps = eps
        super().__init__(net, learning_rate, weight_decay)

    def update(self, values: NDArray, gradients: NDArray) -> None:
        work = self._work
        average, largest = self.vectors["average"], self.vectors["largest"]
        take_in(average, gradients, self.beta1, work)
        np.abs(gradients, out=work)
        work += self.eps
        largest *= self.beta2
        np.maximum(largest, work, out=largest)
        np.divide(average, largest, out=work)
        work *= self.rate / (1 - self.beta1**self.steps)
        values -= work
