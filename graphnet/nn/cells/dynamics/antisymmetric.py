"""Antisymmetric cells: a stable differential equation, in steps of Euler's method."""

from __future__ import annotations

from typing import Any

from graphnet.graph import GModule, Module, Parameter, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.wiring.arithmetic import CAddTable, CMulTable
from graphnet.nn import init
from graphnet.nn.cells.state import State
from graphnet.nn.cells.wiring import Pointwise, gated, linear
from graphnet.nn.layers.activation import Sigmoid, Tanh
from graphnet.nn.layers.linear import positive, require_features

__all__ = ["antisymmetric_rnn_cell", "gated_antisymmetric_rnn_cell"]


class AntisymmetricLinear(Module):
    """``A x`` with A = weight - weightᵀ - damping I: (…, size) to (…, size).

    The weight (size, size) starts uniform within ``1 / sqrt(size)``. Raises ValueError for a size
    below 1, ShapeError for another size of the last axis.
    """

    def __init__(self, size: int, damping: float = 0.0) -> None:
        self.size = positive("AntisymmetricLinear: size", size)
        self.damping = damping
        self.weight = Parameter((size, size), init.fan_in_uniform(size))

    def compute(self, x: Any) -> Any:
        require_features(x, self.size)
        y = x @ (self.weight.T - self.weight)
        return y - x * self.damping if self.damping else y


@checked
def antisymmetric_rnn_cell(
    input_size: int,
    hidden_size: int,
    epsilon: float = 1.0,
    gamma: float = 0.0,
    bias: bool = True,
    squash: Pointwise = Tanh,
) -> GModule:
    """The antisymmetric cell, in steps of size ``epsilon``, ε, with damping ``gamma``, γ.

    Inputs ``(x, prev_h)`` of shapes (…, input_size), (…, hidden_size); output ``next_h`` of the
    latter::

        A = U - Uᵀ - γ I    h' = h + ε tanh(W x + A h)

    Chang et al. 2019, "AntisymmetricRNN: a dynamical system view on recurrent neural networks".
    Raises ValueError for a size below 1.
    """
    x, prev_h = input(), State(hidden_size)()
    h2h = AntisymmetricLinear(hidden_size, gamma)(prev_h)
    i2h = linear("i2h", x, input_size, hidden_size, bias)
    candidate = gated("candidate", squash, i2h, lambda _: h2h)
    step = candidate * epsilon
    next_h = CAddTable()([prev_h, step])
    return GModule([x, prev_h], [next_h])


@checked
def gated_antisymmetric_rnn_cell(
    input_size: int,
    hidden_size: int,
    epsilon: float = 1.0,
    gamma: float = 0.0,
    bias: bool = True,
    gate: Pointwise = Sigmoid,
    squash: Pointwise = Tanh,
) -> GModule:
    """The antisymmetric cell with a gate, which reads the same product of the state.

    Inputs, output and shapes are those of ``antisymmetric_rnn_cell``, and so are errors::

        A = U - Uᵀ - γ I    z = σ(W_z x + A h)    h' = h + ε z tanh(W_g x + A h)

    Chang et al. 2019, "AntisymmetricRNN: a dynamical system view on recurrent neural networks".
    """
    x, prev_h = input(), State(hidden_size)()
    h2h = AntisymmetricLinear(hidden_size, gamma)(prev_h)
    i2h = linear("i2h", x, input_size, hidden_size, bias)
    update_gate = gated("update_gate", gate, i2h, lambda _: h2h)
    candidate = gated("candidate", squash, i2h, lambda _: h2h)
    written = CMulTable()([update_gate, candidate])
    step = written * epsilon
    next_h = CAddTable()([prev_h, step])
    return GModule([x, prev_h], [next_h])
