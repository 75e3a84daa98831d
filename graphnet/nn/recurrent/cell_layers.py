"""Layers of cells wired into one graph: the basis of stack, LSTM, GRU and RNN."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphnet.errors import GraphError
from graphnet.graph import GModule, Node, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.wiring.arithmetic import CAddTable
from graphnet.nn.layers.dropout import Dropout
from graphnet.nn.layers.tables import JoinTable
from graphnet.nn.recurrent.cell_checks import require_cell, state_names
from graphnet.nn.recurrent.constant_inputs import constant_inputs, constants_of, in_order
from graphnet.nn.recurrent.mask import ZeroPadding
from graphnet.nn.recurrent.recurrent import Recurrent

__all__ = ["stack"]

Layer = GModule | tuple[GModule, GModule]
"""A cell, or one for each direction."""

CONNECTIONS = ("plain", "residual", "dense")


@dataclass(frozen=True)
class Wiring:
    """How layers are wired: see ``stack``. ``settings`` are those of ``Recurrent``, ``constants``
    the inputs that are the same at each step."""

    settings: dict[str, Any]
    dropout: float = 0.0
    connection: str = "plain"
    constants: Mapping[str, Node] = field(default_factory=dict)


def directions(layer: Layer) -> list[tuple[str, GModule]]:
    """The cells of a layer, with the suffixes of their names."""
    if isinstance(layer, tuple):
        if len(layer) != 2:
            raise GraphError(f"A layer has {len(layer)} cells, expected one or (forward, backward)")
        return [("", layer[0]), ("_reverse", layer[1])]
    return [("", layer)]


def state_inputs(layers: Sequence[Layer], constants: Mapping[str, Node]) -> list[list[Node]]:
    """An optional input for each state: ``layer1_prev_h``; one list for each cell."""
    found = []
    for number, layer in enumerate(layers, start=1):
        for suffix, cell in directions(layer):
            own = constants_of(cell, constants)
            require_cell(cell, "stack", own)
            prefix = f"layer{number}{suffix}"
            found.append([input(f"{prefix}_{s}", optional=True) for s in state_names(cell, own)])
    return found


def wired(
    x: Node, layers: Sequence[Layer], states: Sequence[Sequence[Node]], lengths: Node, how: Wiring
) -> tuple[Node, list[list[Node]]]:
    """The output node of the last layer, and the final states of every cell.

    Nodes are named ``layer1``, ``layer1_reverse``, ``layer1_output``, …; ``states`` and the final
    states have one list for each cell, in the order of ``directions``.
    """
    finals: list[list[Node]] = []
    remaining = iter(states)
    Dropout(how.dropout)  # a wrong probability is wrong for one layer too
    if how.connection != "plain":  # the input bypasses the layers
        x = ZeroPadding(how.settings["batch_first"])(x, lengths=lengths).annotate(name="no_padding")
    seen = [x]
    for number, layer in enumerate(layers, start=1):
        outputs = []
        for suffix, cell in directions(layer):
            name = f"layer{number}{suffix}"
            own = constants_of(cell, how.constants)
            given = dict(zip(state_names(cell, own), next(remaining), strict=True))
            recurrent = Recurrent(cell, reverse=bool(suffix), constants=tuple(own), **how.settings)
            node = recurrent(x, **own, **given, lengths=lengths).annotate(name=name)
            output, *last = node.split(1 + len(given))
            names = map(cell.name_of, cell.outputs)
            finals.append(
                [s.annotate(name=f"{name}_{n}") for s, n in zip(last, names, strict=False)]
            )
            outputs.append(output.annotate(name=f"{name}_output"))
        y = outputs[0]
        if len(outputs) > 1:
            y = JoinTable(-1)(outputs).annotate(name=f"layer{number}_joined")
        is_last = number == len(layers)
        if how.dropout and not is_last:
            y = Dropout(how.dropout)(y).annotate(name=f"dropout{number}")
        x = connected(x, y, seen, number, how.connection, is_last)
    return x, finals


def connected(
    x: Node, y: Node, seen: list[Node], number: int, connection: str, is_last: bool
) -> Node:
    """The input of the next layer, from the input and the output of this one."""
    if connection == "residual":
        node: Node = CAddTable()([x, y])
        return node.annotate(name=f"layer{number}_residual")
    seen.append(y)
    if connection == "dense" and not is_last:
        joined: Node = JoinTable(-1)(list(seen))
        return joined.annotate(name=f"layer{number}_dense")
    return y


@checked
def stack(
    *layers: Layer,
    dropout: float = 0.0,
    connection: str = "plain",
    batch_first: bool = False,
    initial: str = "zeros",
    truncate: int | None = None,
    output: str | None = None,
    constants: Sequence[str] = (),
) -> GModule:
    """Layers of cells, of one kind or several, as one graph.

    Each layer is a cell, or a pair of cells ``(forward, backward)`` whose outputs are concatenated
    along the last axis. Inputs ``[xs, states…, lengths]``, all but the first optional
    (``layer1_prev_h``, ``layer1_reverse_prev_h``, …, ``lengths``); outputs ``[output, final
    states…]`` in the same order. ``xs`` and ``output`` are (steps, batch, features), or (batch,
    steps, features) with ``batch_first``; states are (batch, size).

    ``connection`` is the input of a layer: the output of the one before (``"plain"``), that plus
    its input (``"residual"``, He et al. 2016; the last layer's too), or the input and the outputs
    of all before, concatenated (``"dense"``, Huang et al. 2017). ``dropout`` acts on the output of
    every layer but the last. ``initial``, ``truncate`` and ``output`` are those of ``Recurrent``,
    and so are ``constants``: they follow ``xs``, and each cell that has one reads it.

    Raises GraphError without layers or for an invalid cell, ValueError for another ``connection``
    or a ``dropout`` out of range; other errors are those of ``Recurrent``.

    >>> import numpy as np
    >>> from graphnet import nn
    >>> net = stack(nn.lstm_cell(3, 4), nn.gru_cell(4, 4), connection="plain")
    >>> output, c1, h1, h2 = net.forward(np.ones((5, 2, 3)))
    >>> output.shape, net["layer2.update_gate.i2h"].weight.shape
    ((5, 2, 4), (4, 4))
    """
    if not layers:
        raise GraphError("A stack received no layers", "stack(nn.lstm_cell(3, 4), …)")
    if connection not in CONNECTIONS:
        raise ValueError(f"stack: connection is {connection!r}, expected one of {CONNECTIONS}")
    cells = [cell for layer in layers for _, cell in directions(layer)]
    fixed = constant_inputs(cells, constants, "stack")
    states = state_inputs(layers, fixed)
    xs, lengths = input("xs"), input("lengths", optional=True)
    settings = {"batch_first": batch_first, "initial": initial, "truncate": truncate}
    how = Wiring({**settings, "output": output}, dropout, connection, fixed)
    last, finals = wired(xs, layers, states, lengths, how)
    inputs = in_order(xs, fixed, [node for nodes in states for node in nodes], lengths)
    return GModule(inputs, [last, *[node for nodes in finals for node in nodes]])
