"""Weights of an LSTM cell from separate products for the gates to one merged product, and back."""

from __future__ import annotations

from collections.abc import Callable

from graphnet.errors import GraphError
from graphnet.graph import GModule
from graphnet.nn.cells.lstm import lstm_cell
from graphnet.nn.cells.merged import GATES, lstm_cell_merged


def merge_gates(cell: GModule) -> GModule:
    """The ``lstm_cell_merged`` equivalent to an ``lstm_cell``, with copies of its weights.

    Inputs, outputs and shapes stay the same. Raises GraphError for another cell, or one whose gates
    differ in their bias or function.

    >>> merged = merge_gates(lstm_cell(3, 4))
    >>> list(split_gates(merged)) == list(lstm_cell(3, 4))
    True
    """
    return rebuilt(cell, lstm_cell, lstm_cell_merged)


def split_gates(cell: GModule) -> GModule:
    """The ``lstm_cell`` equivalent to an ``lstm_cell_merged``, with copies of its weights.

    Inputs, outputs and shapes stay the same. Raises GraphError for another cell, or one whose gates
    differ in their function.
    """
    return rebuilt(cell, lstm_cell_merged, lstm_cell)


def is_regular(cell: GModule) -> bool:
    """Whether all products have a bias or none, and all gates the same activation."""
    biases = {cell[f"{gate}.{part}"].bias is None for gate in GATES for part in ("i2h", "h2h")}
    gates = {cell[gate].module.description() for gate in GATES if gate != "candidate"}
    squashes = {cell[name].module.description() for name in ("candidate", "squashed")}
    return len(biases) == len(gates) == len(squashes) == 1


def rebuilt(cell: GModule, old: Callable[..., GModule], new: Callable[..., GModule]) -> GModule:
    """The other form of a cell, with copies of its weights and activations, its dtype and mode."""
    if getattr(cell, "names", None) != old(1, 1).names or not is_regular(cell):
        raise GraphError(f"received {cell!r}, expected a cell made by {old.__name__}")
    size, input_size = cell["forget_gate.i2h"].weight.shape
    result = new(
        input_size,
        size,
        bias=cell["forget_gate.i2h"].bias is not None,
        gate=cell["forget_gate"].module.clone,
        squash=cell["candidate"].module.clone,
    )
    result.astype(cell["forget_gate.i2h"].weight.dtype)
    parameters = result.parameters().named
    for name, parameter in cell.named_parameters():  # of a gate's function, such as PReLU
        if name in parameters:
            parameters[name].data = parameter.data
    for gate in GATES:
        for part in ("i2h", "h2h"):
            source, target = cell[f"{gate}.{part}"], result[f"{gate}.{part}"]
            target.weight[:] = source.weight
            if source.bias is not None:
                target.bias[:] = source.bias
    return result.train(cell.is_training)
