"""Averaged stochastic gradient descent: a decaying rate, and the mean of the iterates."""

from __future__ import annotations

from typing import final

import numpy as np

from graphnet.ir.core.types import NDArray
from graphnet.optim.base.optimizer import Optimizer, require_number
from graphnet.optim.base.several_nets import Trained


@final
class ASGD(Optimizer):
    """Averaged gradient descent: a decaying rate r, and the average a of the iterates x.

    With x the flat vector of all parameters (numbers,), in step t = 0, 1, …::

        r = learning_rate / (1 + decay · learning_rate · t)^power
        g = gradient + weight_decay · x
        x = (1 - decay · r) · x - r · g
        a = a + (x - a) / max(1, t - average_after)

    Polyak & Juditsky 1992, in the form of Bottou's sgd 2.0 and Torch's optim/asgd.lua, whose
    learning rate is 0.0001; here it is 0.01, as in PyTorch. The average does not act on the net:
    ``net.flatten_parameters()[0][:] = optimizer.vectors["average"]`` copies it there in the end.
    Raises ValueError for an argument out of range, GraphError if ``net`` is no module.
    """

    memory = ("average",)
    settings = ("decay", "power", "average_after")

    def __init__(
        self,
        net: Trained,
        learning_rate: float = 0.01,
        *,
        decay: float = 1e-4,
        power: float = 0.75,
        average_after: float = 1e6,
        weight_decay: float = 0.0,
    ) -> None:
        require_number("decay", decay, 0.0)
        require_number("power", power, 0.0)
        require_number("average_after", average_after, 0.0)
        self.decay = decay
        self.power = power
        self.average_after = average_after
        super().__init__(net, learning_rate, weight_decay)

    def update(self, values: NDArray, gradients: NDArray) -> None:
        work = self._work
        average, time = self.vectors["average"], self.steps - 1
        start = self.rate
        rate = start / (1 + self.decay * start * time) ** self.power
        values *= 1 - self.decay * rate
        values -= np.multiply(gradients, rate, out=work)
        passed = time - self.average_after
        if passed <= 1:
            average[...] = values
        else:
            np.subtract(values, average, out=work)
            work /= passed
            average += work
