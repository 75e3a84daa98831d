"""LearnedGate: a gate that reads nothing, a learned vector or number."""

from __future__ import annotations

from typing import Any

from graphnet.errors import ShapeError
from graphnet.graph import Module, Parameter
from graphnet.graph.values.table import describe
from graphnet.nn import init
from graphnet.nn.layers.activation import Sigmoid
from graphnet.nn.layers.linear import positive
from graphnet.nn.layers.tables import require_array


class LearnedGate(Module):
    """``x * gate(weight)``: (…, n) to the same, with a learned ``weight`` (size,), n or 1.

    The weight starts at ``initial``; ``gate`` is a module, by default a Sigmoid. Raises ValueError
    for a size below 1, ShapeError for another size of the last axis, GraphError for a table.
    """

    symbol = "⊙σ"

    def __init__(self, size: int, initial: float = 0.0, gate: Module | None = None) -> None:
        self.size = positive("LearnedGate: size", size)
        self.initial = initial
        self.gate = Sigmoid() if gate is None else gate
        self.weight = Parameter((size,), init.constant(initial))

    def compute(self, x: Any) -> Any:
        if self.size != 1 and require_array(x).shape[-1:] != (self.size,):
            raise ShapeError(f"expects an array (…, {self.size}), received {describe(x)}")
        return require_array(x) * self.gate.compute(self.weight)
