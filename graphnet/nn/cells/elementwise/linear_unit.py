"""The linear recurrent unit: complex states, in real parts and imaginary ones, kept linear."""

from __future__ import annotations

from math import inf, pi
from typing import Any

import numpy as np

from graphnet.graph import GModule, Module, Parameter, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.wiring.arithmetic import CAddTable, require_pair
from graphnet.ir.core.types import NDArray, Shape
from graphnet.nn.cells.state import State
from graphnet.nn.layers.arithmetic import CMul
from graphnet.nn.layers.linear import Linear, positive, require_features
from graphnet.ops import concatenate, cos, exp, sin

__all__ = ["lru_cell"]


class EigenvalueStep(Module):
    """``λ s + γ b`` of complex numbers: [(…, 2 size), (…, 2 size)] to the same.

    The real parts come first, then the imaginary ones. λ = exp(-exp(nu) + i exp(theta)) and γ =
    exp(log_gamma), with learned vectors (size,). λ starts uniform in the ring between the radii
    ``low`` and ``high``, with phases up to ``phase``, and γ = sqrt(1 - |λ|²). Raises ValueError for
    a size below 1 and for radii that are not between 0 and 1, ShapeError for another size of the
    last axes, GraphError if the input is no pair.
    """

    def __init__(
        self, size: int, low: float = 0.0, high: float = 1.0, phase: float = 2 * pi
    ) -> None:
        self.size = positive("EigenvalueStep: size", size)
        if not 0 <= low <= high <= 1:
            raise ValueError(
                f"EigenvalueStep: low {low} and high {high}, expected 0 <= low <= high <= 1"
            )
        if not 0 < phase < inf:
            raise ValueError(f"EigenvalueStep: phase is {phase}, expected a positive angle")
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
        values: NDArray = 0.5 * np.log(-np.expm1(-2 * np.exp(self.nu.data)))
        return values

    def compute(self, table: Any) -> Any:
        state, added = require_pair(table)
        for value in (state, added):
            require_features(value, 2 * self.size)
        radius, phase = exp(-exp(self.nu)), exp(self.theta)
        real, imaginary, gamma = radius * cos(phase), radius * sin(phase), exp(self.log_gamma)
        re, im = state[..., : self.size], state[..., self.size :]
        next_re = re * real - im * imaginary + added[..., : self.size] * gamma
        next_im = re * imaginary + im * real + added[..., self.size :] * gamma
        return concatenate([next_re, next_im], -1)


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

    Inputs ``(x, prev_s)`` of shapes (…, input_size), (…, 2 hidden_size), real parts first; outputs
    ``(next_s, next_h)``, of which next_h, (…, hidden_size), is no state::

        s' = λ s + γ B x    h' = Re(C s') + D x
        λ = exp(-exp(ν) + i exp(θ))    γ = exp(log γ)

    The weight of ``b`` has the rows of Re B, then those of Im B, that of ``c`` the columns of Re C,
    then those of -Im C; B has biases with ``bias``. D, ``skip``, is a vector, or a Linear without
    bias if the sizes differ. λ starts in the ring between the radii ``low`` and ``high``, with
    phases up to ``phase``, in radians; γ starts at ``sqrt(1 - |λ|²)``. Orvieto et al. 2023,
    "Resurrecting recurrent neural networks for long sequences". Raises ValueError for a size below
    1.
    """
    x, prev_s = input(), State(2 * hidden_size)()
    b = Linear(input_size, 2 * hidden_size, bias)(x)
    next_s = EigenvalueStep(hidden_size, low, high, phase)([prev_s, b])
    c = Linear(2 * hidden_size, hidden_size, bias=False)(next_s)
    is_square = input_size == hidden_size
    skip = (CMul(hidden_size) if is_square else Linear(input_size, hidden_size, bias=False))(x)
    next_h = CAddTable()([c, skip])
    return GModule([x, prev_s], [next_s, next_h])
