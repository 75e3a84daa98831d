"""The LSTM cell's six equations in plain NumPy, to check the graph against."""

from __future__ import annotations

import numpy as np

from graphnet.graph import GModule
from graphnet.ir.core.types import NDArray


def lstm_equations(cell: GModule, x: NDArray, c: NDArray, h: NDArray) -> tuple[NDArray, NDArray]:
    """``(next_c, next_h)`` from the weights of ``nn.lstm_cell``, without its graph."""

    def affine(gate: str) -> NDArray:
        i2h, h2h = cell[f"{gate}.i2h"], cell[f"{gate}.h2h"]
        total: NDArray = x @ i2h.weight.data.T + i2h.bias.data
        total += h @ h2h.weight.data.T + h2h.bias.data
        return total

    i = sigmoid(affine("input_gate"))
    f = sigmoid(affine("forget_gate"))
    o = sigmoid(affine("output_gate"))
    g = np.tanh(affine("candidate"))
    next_c = f * c + i * g
    next_h = o * np.tanh(next_c)
    return next_c, next_h


def sigmoid(x: NDArray) -> NDArray:
    result: NDArray = 1 / (1 + np.exp(-x))
    return result


def largest_difference(cell: GModule, input_size: int, hidden_size: int, rows: int = 8) -> float:
    """Between the graph and the equations, over both outputs, on random values."""
    random = np.random.default_rng(0)
    sizes = (input_size, hidden_size, hidden_size)
    inputs = [random.normal(size=(rows, size)) for size in sizes]
    pairs = zip(cell.forward(inputs), lstm_equations(cell, *inputs), strict=True)
    return max(float(np.abs(ours - theirs).max()) for ours, theirs in pairs)
