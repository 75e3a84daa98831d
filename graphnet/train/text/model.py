"""The character model: characters to log-probabilities of the next character."""

from __future__ import annotations

from functools import partial

import numpy as np

from graphnet import nn
from graphnet.graph import GModule, Node, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.values.random import drawn
from graphnet.ir.core.types import NDArray


@checked
def character_model(characters: int, hidden: int, layers: int = 2, dropout: float = 0.0) -> GModule:
    """LookupTable, LSTM layers, Linear, LogSoftMax, wired as one graph in float32.

    Inputs ``[indices, c1, h1, c2, h2, …]``: indices (steps, batch) and the states (batch, hidden).
    Outputs: log-probabilities (steps, batch, characters), in nats, then the final states. Dropout
    acts between layers and before the output. As in char-rnn, parameters start uniform within 0.08,
    and the biases of forget gates at 1. Raises ValueError for a size below 1 or ``dropout`` out of
    range.

    >>> net = character_model(characters=65, hidden=16, layers=1)
    >>> outputs, c1, h1 = net.forward([np.zeros((5, 2), int), *initial_states(1, 16, 2)])
    >>> outputs.shape, h1.shape
    ((5, 2, 65), (2, 16))
    """
    indices = input("indices")
    states: list[Node] = []
    finals: list[Node] = []
    x: Node = nn.LookupTable(characters, hidden)(indices).annotate(name="lookup")
    for layer in range(1, layers + 1):
        c, h = input(f"c{layer}"), input(f"h{layer}")
        lstm: Node = nn.Recurrent(nn.lstm_cell(hidden, hidden))([x, c, h])
        x, next_c, next_h = lstm.annotate(name=f"lstm{layer}").split(3)
        if dropout:
            x = nn.Dropout(dropout)(x).annotate(name=f"dropout{layer}")
        states += [c, h]
        finals += [next_c.annotate(name=f"next_c{layer}"), next_h.annotate(name=f"next_h{layer}")]
    scores = nn.Linear(hidden, characters)(x)
    log_probabilities = nn.LogSoftMax()(scores)
    net = GModule([indices, *states], [log_probabilities, *finals])
    start(net, layers)
    return net.float()


def start(net: GModule, layers: int) -> None:
    """Set char-rnn's initial values."""
    for parameter in net.parameters():
        parameter[...] = drawn(partial(nn.init.uniform(0.08), parameter.shape))
    for layer in range(1, layers + 1):
        cell = net[f"lstm{layer}"].module.cell
        cell["forget_gate.i2h"].bias[...] = 1.0


@checked
def initial_states(layers: int, hidden: int, batch_size: int) -> list[NDArray]:
    """The initial states of ``character_model``: zeros (batch_size, hidden) in float32.

    They are ordered as its inputs: c1, h1, c2, h2, …
    """
    return [np.zeros((batch_size, hidden), np.float32) for _ in range(2 * layers)]
