"""Rprop: a step size for each parameter, adapted by the signs of gradients."""

from __future__ import annotations

from typing import final

import numpy as np

from graphnet.ir.core.types import NDArray
from graphnet.optim.optimizer import Optimizer, require_number
from graphnet.optim.several_nets import Trained


@final
class Rprop(Optimizer):
    """Rprop: a step size d grows while the sign of the gradient stays, and shrinks when it changes.

    With x the flat vector of all parameters (numbers,)::

        s = sign(gradient)
        d = increase · d where s agrees with the s before, decrease · d where it is the opposite
        d = the nearest number from smallest to largest
        s = 0 where it is the opposite
        x = x - s · d

    Riedmiller & Braun 1993, in the form of Torch's optim/rprop.lua. It needs the gradient of all
    data: in batches signs change by chance. The ``learning_rate`` is the first step size, 0.1 in
    Torch and 0.01 here, as in PyTorch; later changes of it have no effect. Raises ValueError for an
    argument out of range, GraphError if ``net`` is no module.
    """

    memory = ("sign", "step_size")
    settings = ("increase", "decrease", "smallest", "largest")

    def __init__(
        self,
        net: Trained,
        learning_rate: float = 0.01,
        *,
        increase: float = 1.2,
        decrease: float = 0.5,
        smallest: float = 1e-6,
        largest: float = 50.0,
    ) -> None:
        require_number("increase", increase, 1.0)
        require_number("decrease", decrease, 0.0, below=1.0)
        require_number("smallest", smallest, 0.0)
        require_number("largest", largest, smallest)
        self.increase = increase
        self.decrease = decrease
        self.smallest = smallest
        self.largest = largest
        super().__init__(net, learning_rate)

    def update(self, values: NDArray, gradients: NDArray) -> None:
        work = self._work
        sign, size = self.vectors["sign"], self.vectors["step_size"]
        if self.steps == 1:
            size.fill(self.learning_rate)
        np.sign(gradients, out=work)
        sign *= work
        turned = sign < 0
        np.multiply(size, self.increase, out=size, where=sign > 0)
        np.multiply(size, self.decrease, out=size, where=turned)
        np.clip(size, self.smallest, self.largest, out=size)
        work[turned] = 0
        sign[...] = work
        work *= size
        values -= work
