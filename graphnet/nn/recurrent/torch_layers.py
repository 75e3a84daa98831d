"""LSTM, GRU and RNN with PyTorch's arguments and results, each an open graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from graphnet.errors import ShapeError
from graphnet.graph import GModule, Module, Node, input
from graphnet.graph.values.table import describe, is_table
from graphnet.graph.wiring.gmodule import Graph
from graphnet.graph.wiring.table_modules import Pack
from graphnet.nn.cells.gru import gru_cell
from graphnet.nn.cells.lstm import lstm_cell, lstm_cell_projected
from graphnet.nn.cells.simple import rnn_cell
from graphnet.nn.layers.activation import Tanh
from graphnet.nn.layers.linear import positive
from graphnet.nn.layers.rectifiers import ReLU
from graphnet.nn.layers.tables import StackTable
from graphnet.nn.recurrent.cell_layers import Layer, Wiring, wired

__all__ = ["GRU", "LSTM", "RNN", "LayerStates"]

Cell = Callable[[int, int], GModule]


class LayerStates(Module):
    """Splits the states of all layers and directions, (count, …, size), into a table of ``count``.

    The entries are (…, size). Raises ValueError for a count or size below 1, ShapeError for another
    shape.
    """

    def __init__(self, count: int, size: int) -> None:
        self.count = positive("LayerStates: count", count)
        self.size = positive("LayerStates: size", size)

    def compute(self, x: Any) -> Any:
        if is_table(x) or x.ndim < 2 or x.shape[0] != self.count or x.shape[-1] != self.size:
            raise ShapeError(
                f"expects states ({self.count}, batch, {self.size}), received {describe(x)}",
                "The first axis counts layers and directions; an LSTM takes (h_0, c_0) in this "
                "order. Is it c where h should be?",
            )
        return [x[index] for index in range(self.count)]


@GModule.register
class LSTM(Graph):
    """Layers of LSTM cells with PyTorch's arguments and results: ``output, (h_n, c_n)``.

    The input is (steps, batch, input_size), or (batch, steps, input_size) with ``batch_first``;
    ``output`` is (…, directions · (proj_size or hidden_size)) laid out alike, ``h_n`` and ``c_n``
    are (num_layers · directions, batch, …). Optional inputs are ``state``, the pair (h_0, c_0),
    zeros by default, and ``lengths``, one whole number for each sequence, sorted or not. Layers are
    ``layer1``, ``layer1_reverse``, …, gates as in ``lstm_cell``.

    ``dropout`` acts between layers in training. With ``proj_size`` h is projected (Sak et al.
    2014). ``initial`` and ``truncate`` are those of ``Recurrent``. Raises ValueError for a size,
    ``dropout`` or ``proj_size`` out of range, ShapeError if input or states have another shape;
    other errors are those of ``Recurrent``.

    >>> import numpy as np
    >>> lstm = LSTM(3, 4, num_layers=2, bidirectional=True)
    >>> output, (h_n, c_n) = lstm.forward(np.ones((5, 2, 3)), lengths=[5, 3])
    >>> output.shape, h_n.shape, c_n.shape
    ((5, 2, 8), (4, 2, 4), (4, 2, 4))
    >>> lstm["layer1.forget_gate.i2h"].bias[:] = 1
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        *,
        initial: str = "zeros",
        truncate: int | None = None,
    ) -> None:
        positive("LSTM: hidden_size", hidden_size)
        if proj_size < 0 or proj_size >= hidden_size:
            raise ValueError(f"LSTM: proj_size is {proj_size}, expected 0 to {hidden_size - 1}")
        cell: Cell = partial(lstm_cell, bias=bias)
        if proj_size:
            cell = partial(lstm_cell_projected, projection_size=proj_size, bias=bias)
        widths = [("c", hidden_size), ("h", proj_size or hidden_size)]
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.dropout, self.bidirectional = bias, dropout, bidirectional
        self.batch_first, self.initial, self.truncate = batch_first, initial, truncate
        self.proj_size = proj_size
        self._close(*torch_layers(self, cell, widths))

    def compute(self, input: Any) -> Any:
        state = input[1] if is_table(input) and len(input) in (2, 3) else None
        if state is not None and not (is_table(state) and len(state) == 2):
            raise ShapeError(
                f"expects the pair [h, c] as its state, received {describe(state)}",
                "An LSTM has two states, of the same shape without proj_size: lstm(xs, [h, c]).",
            )
        return super().compute(input)


@GModule.register
class GRU(Graph):
    """Layers of GRU cells with PyTorch's arguments and results: ``output, h_n``.

    Shapes, optional inputs (``state`` is h_0, ``lengths``) and errors are those of ``LSTM``; gates
    are those of ``gru_cell`` with ``reset="after"``.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        initial: str = "zeros",
        truncate: int | None = None,
    ) -> None:
        widths = [("h", hidden_size)]
        cell = partial(gru_cell, bias=bias)
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.dropout, self.bidirectional = bias, dropout, bidirectional
        self.batch_first, self.initial, self.truncate = batch_first, initial, truncate
        self._close(*torch_layers(self, cell, widths))


@GModule.register
class RNN(Graph):
    """Layers of simple cells with PyTorch's arguments and results: ``output, h_n``.

    Shapes, optional inputs (``state`` is h_0, ``lengths``) and errors are those of ``LSTM``. Raises
    ValueError for a ``nonlinearity`` other than "tanh" and "relu".
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        initial: str = "zeros",
        truncate: int | None = None,
    ) -> None:
        functions = {"tanh": Tanh, "relu": ReLU}
        if nonlinearity not in functions:
            raise ValueError(f"RNN: nonlinearity is {nonlinearity!r}, expected 'tanh' or 'relu'")
        cell = partial(rnn_cell, bias=bias, squash=functions[nonlinearity])
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.dropout, self.bidirectional = bias, dropout, bidirectional
        self.batch_first, self.initial, self.truncate = batch_first, initial, truncate
        self.nonlinearity = nonlinearity
        self._close(*torch_layers(self, cell, [("h", hidden_size)]))


def torch_layers(
    how: LSTM | GRU | RNN, cell: Cell, widths: Sequence[tuple[str, int]]
) -> tuple[list[Node], list[Node]]:
    """Inputs and outputs of the nodes: ``widths`` names the cell's states in order, with sizes."""
    ways = 2 if how.bidirectional else 1
    count = positive("num_layers", how.num_layers)
    sizes = [how.input_size] + [ways * widths[-1][1]] * (count - 1)
    layers: list[Layer] = [
        (cell(n, how.hidden_size), cell(n, how.hidden_size))
        if how.bidirectional
        else cell(n, how.hidden_size)
        for n in sizes
    ]
    x, lengths = input("input"), input("lengths", optional=True)
    state, states = packed_states(widths, count * ways)
    settings = {"batch_first": how.batch_first, "initial": how.initial, "truncate": how.truncate}
    output, finals = wired(x, layers, states, lengths, Wiring(settings, how.dropout))
    columns = torch_order(widths, [list(column) for column in zip(*finals, strict=True)])
    last = [StackTable(0)(nodes).annotate(name=f"{name}_n") for name, nodes in columns]
    final: Node = Pack(len(last))(last).annotate(name="final_state") if len(last) > 1 else last[0]
    return [x, state, lengths], [output.annotate(name="output"), final]


def torch_order(widths: Sequence[tuple[str, int]], items: Sequence[Any]) -> list[tuple[str, Any]]:
    """One item for each state, with its name, in PyTorch's order: h before c."""
    pairs = [(name, item) for (name, _), item in zip(widths, items, strict=True)]
    return sorted(pairs, key=lambda pair: pair[0] != "h")


def packed_states(widths: Sequence[tuple[str, int]], count: int) -> tuple[Node, list[list[Node]]]:
    """The optional input for all initial states, and the states of each of ``count`` cells."""
    state = input("state", optional=True)
    order = torch_order(widths, [size for _, size in widths])
    parts = [state]
    if len(order) > 1:
        named = zip(state.split(len(order)), order, strict=True)
        parts = [part.annotate(name=f"{name}_0") for part, (name, _) in named]
    by_name = {
        name: LayerStates(count, size)(part).annotate(name=f"{name}_0_layers").split(count)
        for part, (name, size) in zip(parts, order, strict=True)
    }
    return state, [[by_name[name][k] for name, _ in widths] for k in range(count)]
