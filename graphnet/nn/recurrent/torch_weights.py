"""Conversion of weights to and from PyTorch: nn.LSTM, nn.GRU, nn.RNN and layers (state_dict)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar

import numpy as np

from graphnet.errors import FormatError, GraphError
from graphnet.graph import GModule, Module, Parameter
from graphnet.graph.modules.calls import checked
from graphnet.graph.wiring.gmodule import Graph
from graphnet.ir.core.types import NDArray
from graphnet.nn.cells.gru import gru_cell
from graphnet.nn.cells.lstm import lstm_cell, lstm_cell_projected
from graphnet.nn.cells.simple import rnn_cell
from graphnet.nn.layers.rectifiers import ReLU

__all__ = ["from_torch_state_dict", "to_torch_state_dict"]

Self = TypeVar("Self", bound=Module)

GATES = {
    "forget_gate": ("input_gate", "forget_gate", "candidate", "output_gate"),
    "reset_gate": ("reset_gate", "update_gate", "candidate"),
}
"""PyTorch's order of the stacked gates, by a gate of the cell."""


EXCHANGED = (
    "Weights can be exchanged for nn.LSTM, nn.GRU and nn.RNN, and for layers without graphs in "
    "them; for others: net.weight[...] = weights['weight'].numpy()."
)


@checked
def to_torch_state_dict(net: Module) -> dict[str, NDArray]:
    """The weights of an ``nn.LSTM``, ``nn.GRU`` or ``nn.RNN``, with PyTorch's names and shapes.

    Of a layer without graphs in it (``nn.Linear``, an ``nn.Sequential`` of them), its parameters.
    ``torch_lstm.load_state_dict({k: torch.from_numpy(v) for k, v in weights.items()})``. Raises
    GraphError for another graph.
    """
    return {key: np.concatenate([part.data for part in parts]) for key, parts in torch_names(net)}


@checked
def from_torch_state_dict(net: Self, weights: Mapping[str, Any]) -> Self:
    """Fill an ``nn.LSTM``, ``nn.GRU`` or ``nn.RNN`` from PyTorch's ``state_dict()``, and return it.

    Other layers (``nn.Linear``, an ``nn.Sequential`` of them) take arrays of their own names.
    The values may be tensors or arrays of PyTorch's shapes; they are converted to the dtype of the
    net. Raises GraphError for another graph, FormatError if a name or a shape does not fit, before
    anything is changed.

    >>> from graphnet.nn import LSTM
    >>> source, copy = LSTM(3, 4), LSTM(3, 4)
    >>> _ = from_torch_state_dict(copy, to_torch_state_dict(source))
    >>> x = np.ones((5, 2, 3))
    >>> bool((copy.forward(x)[0] == source.forward(x)[0]).all())
    True
    """
    names = dict(torch_names(net))
    unknown = [key for key in weights if key not in names]
    missing = [key for key in names if key not in weights]
    if unknown or missing:
        raise FormatError(
            f"The state_dict has {', '.join(unknown) or 'nothing'} that the net has not, "
            f"and lacks {', '.join(missing) or 'nothing'}",
            "Build the net with the same layers, directions, bias and proj_size.",
        )
    arrays = {key: np.asarray(weights[key]) for key in names}
    for key, parts in names.items():
        expected = (sum(part.shape[0] for part in parts), *parts[0].shape[1:])
        if arrays[key].shape != expected:
            raise FormatError(f"The state_dict has {key} {arrays[key].shape}, expected {expected}")
        if arrays[key].dtype.kind not in "biuf":
            raise FormatError(
                f"The state_dict has {key} of dtype {arrays[key].dtype}, expected real numbers"
            )
    for key, parts in names.items():
        start = 0
        for part in parts:
            part.data = arrays[key][start : start + part.shape[0]]
            start += part.shape[0]
    return net


def torch_names(net: Module) -> Iterator[tuple[str, list[Parameter]]]:
    """PyTorch's names, each with the parameters it stacks; raises GraphError for other nets."""
    if not isinstance(net, Module):
        raise GraphError(f"is of type {type(net).__name__}, not of graphnet", EXCHANGED, "The net")
    if isinstance(net, Graph):
        yield from names_of_layers(net)
        return
    inner = [name for name, part in net.named_modules() if isinstance(part, Graph)]
    if inner:
        raise GraphError(f"has a graph in it, {inner[0]}", EXCHANGED, "The net")
    yield from ((name, [parameter]) for name, parameter in net.named_parameters())


def names_of_layers(net: Graph) -> Iterator[tuple[str, list[Parameter]]]:
    number = 1
    if "no_padding" in net:
        raise GraphError("has connections that PyTorch has not", "", "The net")
    while f"layer{number}" in net:
        for suffix in ("", "_reverse"):
            layer = f"layer{number}{suffix}"
            if layer in net:
                yield from cell_names(net, layer, f"l{number - 1}{suffix}")
        number += 1
    if number == 1:
        raise GraphError("has no layer1", EXCHANGED, "The net")


KINDS: tuple[Callable[..., GModule], ...] = (
    lstm_cell,
    gru_cell,
    rnn_cell,
    partial(rnn_cell, squash=ReLU),
    partial(lstm_cell_projected, projection_size=1),
)
"""The cells with an equivalent in PyTorch."""


def require_torch_cell(cell: GModule, layer: str) -> None:
    """Raise GraphError for a cell without an equivalent in PyTorch."""
    for kind in KINDS:
        other = kind(1, 1)
        same = cell.names == other.names and all(
            type(mine.module) is type(theirs.module)
            for mine, theirs in zip(cell.nodes, other.nodes, strict=True)
        )
        if same:
            return
    raise GraphError(
        f"has a cell in {layer} that PyTorch has not",
        "Weights can be exchanged for nn.LSTM, nn.GRU and nn.RNN.",
        "The net",
    )


def cell_names(net: Graph, layer: str, end: str) -> Iterator[tuple[str, list[Parameter]]]:
    recurrent = net[layer].module
    cell = getattr(recurrent, "cell", None)
    if not isinstance(cell, GModule):
        raise GraphError(f"has a {type(recurrent).__name__} as {layer}", "", "The net")
    require_torch_cell(cell, layer)
    if recurrent.shown(cell.outputs) != [cell.outputs[-1]]:
        raise GraphError(f"gives {recurrent.output} as the output of {layer}", "", "The net")
    gates = next((gates for gate, gates in GATES.items() if gate in cell), ("",))
    for part, short in (("i2h", "ih"), ("h2h", "hh")):
        linears = [cell[f"{gate}.{part}" if gate else part].module for gate in gates]
        yield f"weight_{short}_{end}", [linear.weight for linear in linears]
        if linears[0].bias is not None:
            yield f"bias_{short}_{end}", [linear.bias for linear in linears]
    if "projection" in cell:
        yield f"weight_hr_{end}", [cell["projection"].weight]
