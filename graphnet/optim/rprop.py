"""Rprop: a step size for each parameter, adapted by the signs of gradients."""

from __future__ import annotations

from typing import Any, final

import numpy as np

from graphnet.ir.core.types import NDArray
from graphnet.optim.base.optimizer import Closure, Optimizer, require_closure, require_number
from graphnet.optim.base.several_nets import Trained


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
    Torch and 0.01 here, as in PyTorch; later changes of it have no effect. With ``iterations``,
    ``step(closure)`` evaluates and updates so many times, and returns the first loss. Raises
    ValueError for an argument out of range, GraphError if ``net`` is no module, and from ``step``
    where it needs a closure.
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
        iterations: int = 1,
    ) -> None:
        require_number("increase", increase, 1.0)
        require_number("decrease", decrease, 0.0, below=1.0)
        require_number("smallest", smallest, 0.0)
        require_number("largest", largest, smallest)
        require_number("iterations", iterations, 1)
        self.iterations = iterations
        self.evaluates = iterations > 1
        self.increase = increase
        self.decrease = decrease
        self.smallest = smallest
        self.largest = largest
        super().__init__(net, learning_rate)

    def step(self, closure: Closure | None = None) -> Any:
        if self.iterations == 1:
            return super().step(closure)
        evaluate = require_closure(self, closure)
        losses = [super(Rprop, self).step(evaluate) for _ in range(self.iterations)]
        return losses[0]

    def update(self, values: NDArray, gradients: NDArray) -> None:
        work = self._work
        sign, size = self.vectors["sign"], self.vectors["step_size"]
        if self.steps == 1:
            size[...] = self.rate
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
