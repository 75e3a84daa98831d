"""The linear recurrent unit: complex states, as pairs of real arrays, without a nonlinearity."""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np

from graphnet.graph import GModule, Module, Parameter, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.wiring.arithmetic import CAddTable, CSubTable, require_pair
from graphnet.ir.core.types import NDArray, Shape
from graphnet.nn.cells.state import State
from graphnet.nn.layers.arithmetic import CMul
from graphnet.nn.layers.linear import Linear, positive
from graphnet.ops import cos, exp, sin

__all__ = ["lru_cell"]


class EigenvalueStep(Module):
    """``λ s + γ b`` of complex numbers: [[Re s, Im s], [Re b, Im b]] to [Re, Im], all (…, size).

    λ = exp(-exp(nu) + i exp(theta)) and γ = exp(log_gamma), with learned vectors (size,). λ starts
    uniform in the ring between the radii ``low`` and ``high``, with phases up to ``phase``, and γ =
    sqrt(1 - |λ|²). Raises ValueError for a size below 1, GraphError if the input is no such table.
    """

    def __init__(
        self, size: int, low: float = 0.0, high: float = 1.0, phase: float = 2 * pi
    ) -> None:
        self.size = positive("EigenvalueStep: size", size)
        self.low = low
        self.high = high
        self.phase = phase
        self.nu = Parameter((size,), self.first_nu)
        self.theta = Parameter((size,), self.first_theta)
        self.log_gamma = Parameter((size,), self.first_log_gamma)

    def first_nu(self, shape: Shape, generator: np.random.Generator) -> NDArray:
        squared = generator.uniform(self.low**2, self.high**2, shape)
        values: NDArray = np.log(-0.5 * np.log(np.clip(squared, 1e-12, 1 - 1e-12)))
        return values

    def first_theta(self, shape: Shape, generator: np.random.Generator) -> NDArray:
        values: NDArray = np.log(self.phase * generator.uniform(1e-6, 1.0, shape))
        return values

    def first_log_gamma(self, shape: Shape, generator: np.random.Generator) -> NDArray:
        return 0.5 * np.log(-np.expm1(-2 * np.exp(self.nu.data)))

    def compute(self, table: Any) -> Any:
        (re, im), (re_b, im_b) = map(require_pair, require_pair(table))
        radius, phase = exp(-exp(self.nu)), exp(self.theta)
        real, imaginary, gamma = radius * cos(phase), radius * sin(phase), exp(self.log_gamma)
        return [
            re * real - im * imaginary + re_b * gamma,
            re * imaginary + im * real + im_b * gamma,
        ]


@checked
def lru_cell(
    input_size: int,
    hidden_size: int,
    low: float = 0.0,
    high: float = 1.0,
    phase: float = 2 * pi,
    bias: bool = False,
) -> GModule:
    """The linear recurrent unit (LRU), whose state is a complex vector s.

    Inputs ``(x, prev_re, prev_im)`` of shapes (…, input_size), (…, hidden_size), (…, hidden_size);
    outputs ``(next_re, next_im, next_h)``, all (…, hidden_size), of which next_h is no state::

        s' = λ s + γ B x    h' = Re(C s') + D x
        λ = exp(-exp(ν) + i exp(θ))    γ = exp(log γ)

    B and C are complex: ``b_re``, ``b_im``, ``c_re``, ``c_im``; B has biases with ``bias``. D,
    ``skip``, is a vector, or a Linear without bias if the sizes differ. λ starts in the ring
    between the radii ``low`` and ``high``, with phases up to ``phase``, in radians; γ starts at
    sqrt(1 - |λ|²). Orvieto et al. 2023, "Resurrecting recurrent neural networks for long
    sequences". Raises ValueError for a size below 1.
    """
    x, prev_re, prev_im = input(), State(hidden_size)(), State(hidden_size)()
    b_re, b_im = (Linear(input_size, hidden_size, bias)(x) for _ in range(2))
    step = EigenvalueStep(hidden_size, low, high, phase)([[prev_re, prev_im], [b_re, b_im]])
    next_re, next_im = step.split(2)
    c_re = Linear(hidden_size, hidden_size, bias=False)(next_re)
    c_im = Linear(hidden_size, hidden_size, bias=False)(next_im)
    is_square = input_size == hidden_size
    skip = (CMul(hidden_size) if is_square else Linear(input_size, hidden_size, bias=False))(x)
    real = CSubTable()([c_re, c_im])
    next_h = CAddTable()([real, skip])
    return GModule([x, prev_re, prev_im], [next_re, next_im, next_h])
