"""Adam and AdamW: running averages of gradients and of their squares, with bias correction."""

from __future__ import annotations

from math import sqrt
from typing import Any, final

import numpy as np

from graphnet.ir.core.types import NDArray
from graphnet.optim.base.optimizer import Optimizer, require_number, take_in
from graphnet.optim.base.several_nets import Trained


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
        require_betas(beta1, beta2, eps)
        self.beta1 = beta1
        self.beta2 = beta2
        self.eps = eps
        self.eps_inside = eps_inside
        super().__init__(net, learning_rate, weight_decay)

    def update(self, values: NDArray, gradients: NDArray) -> None:
        move(self, values, gradients, self.eps_inside)


@final
class AdamW(Optimizer):
    """Adam with a weight decay apart from the gradient.

    With x the flat vector of all parameters (numbers,), in step t = 1, 2, …::

        x = (1 - learning_rate · weight_decay) · x
        m = beta1 · m + (1 - beta1) · gradient     v = beta2 · v + (1 - beta2) · gradient²
        x = x - learning_rate · (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)

    Loshchilov & Hutter 2019, algorithm 2, in the form of PyTorch. Raises ValueError for an argument
    out of range, GraphError if ``net`` is no module.
    """

    memory = ("average", "square_average")
    settings = ("beta1", "beta2", "eps")

    def __init__(
        self,
        net: Trained,
        learning_rate: float = 0.001,
        *,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        require_betas(beta1, beta2, eps)
        self.beta1 = beta1
        self.beta2 = beta2
        self.eps = eps
        super().__init__(net, learning_rate, weight_decay)

    def _with_decay(self, values: NDArray, gradients: NDArray) -> NDArray:
        decay = self.weight_decay if self._decays is None else self._decays
        if self._decays is not None or decay:
            values *= 1 - self.rate * decay
        return gradients

    def update(self, values: NDArray, gradients: NDArray) -> None:
        move(self, values, gradients, False)


def move(adam: Any, values: NDArray, gradients: NDArray, eps_inside: bool) -> None:
    """The step of Adam along its averages, which take in the gradients."""
    work = adam._work
    average, square = adam.vectors["average"], adam.vectors["square_average"]
    take_in(average, gradients, adam.beta1, work)
    take_in(square, np.multiply(gradients, gradients, out=work), adam.beta2, work)
    np.sqrt(square, out=work)
    start = sqrt(1 - adam.beta2**adam.steps)
    work += adam.eps if eps_inside else adam.eps * start
    np.divide(average, work, out=work)
    work *= adam.rate * start / (1 - adam.beta1**adam.steps)
    values -= work


def require_betas(beta1: float, beta2: float, eps: float) -> None:
    """Raise ValueError for what is out of range."""
    require_number("beta1", beta1, 0.0, below=1.0)
    require_number("beta2", beta2, 0.0, below=1.0)
    require_number("eps", eps, 0.0)
