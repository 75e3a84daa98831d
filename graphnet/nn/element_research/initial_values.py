"""What Element-Research's sequence layers start from, where that differs from their cells."""

from __future__ import annotations

from math import sqrt
from typing import TypeVar

from graphnet.graph import GModule, Module
from graphnet.nn import init

N = TypeVar("N", bound=Module)


def as_sequence_layer(cell: GModule, input_size: int, hidden_size: int, gate: str) -> GModule:
    """Normal weights of deviation ``1 / sqrt(input_size + hidden_size)``, biases 1 of one gate.

    The other biases are 0 (the ``reset`` of rnn's SeqLSTM.lua and SeqGRU.lua).
    """
    weights = init.normal(0.0, 1 / sqrt(input_size + hidden_size))
    for path, parameter in cell.named_parameters():
        is_gate = path.startswith(f"{gate}.")
        biases = init.constant(1.0 if is_gate else 0.0)
        parameter.reset(None, weights if path.endswith("weight") else biases)
    return cell


def drawn_anew(module: N) -> N:
    """All parameters by their own initialisers, from the default generator."""
    for parameter in module.parameters():
        parameter.reset()
    return module
