"""Recurrent cells: graphs of ordinary modules that map ``(x, states…)`` to ``(next states…)``.

A layer of cells shows the last output. Every cell has ``bias``, and factories ``gate`` and
``squash`` of the activations written as σ and tanh in the equations.

A file names its cells in its ``__all__``: from there follow ``CELLS`` and what ``nn`` exports.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from graphnet.graph import GModule
from graphnet.nn.cells import (
    dynamics,
    elementwise,
    gated,
    gru,
    light,
    lstm,
    memory,
    merged,
    multiplicative,
    peephole,
    regularised,
    simple,
)
from graphnet.nn.cells.conversion import merge_gates, split_gates
from graphnet.nn.cells.recurrent_dropout import VariationalDropout, Zoneout
from graphnet.nn.cells.state import State
from graphnet.nn.layers.rectifiers import ReLU

FILES = (
    *(simple, lstm, peephole, merged, multiplicative, regularised, gru, light),
    *(gated, memory, dynamics, elementwise),  # folders, whose files are entered there
)


def half_projected(input_size: int, hidden_size: int, **options: Any) -> GModule:
    """A projection to half the size."""
    return lstm.lstm_cell_projected(input_size, hidden_size, max(1, hidden_size // 2), **options)


VARIANTS: dict[str, Callable[..., GModule]] = {
    "rnn_cell_relu": partial(simple.rnn_cell, squash=ReLU),
    "lstm_cell_peephole_element_research": partial(peephole.lstm_cell_peephole, hidden_bias=False),
    "lstm_cell_projected": half_projected,
    "lstm_cell_recurrent_dropout": partial(regularised.lstm_cell_recurrent_dropout, p=0.3),
    "lstm_cell_variational": partial(regularised.lstm_cell_variational, p=0.3),
    "lstm_cell_zoneout": partial(regularised.lstm_cell_zoneout, p_c=0.3, p_h=0.2),
    "gru_cell_before": partial(gru.gru_cell, reset="before"),
    "gru_cell_element_research": partial(gru.gru_cell, reset="before", hidden_bias=False),
    "janet_cell_learned": partial(memory.janet_cell, is_learned=True),
    "lem_cell_previous": partial(dynamics.lem_cell, memory="previous"),
    "scrn_cell_output": partial(memory.scrn_cell, feedback="output"),
    "taugru_cell_delayed": partial(gated.taugru_cell, delay=3),
    "xlstm_scalar_cell_exponential": partial(memory.xlstm_scalar_cell, forget="exponential"),
}
"""Cells with an option, and those that need more than two sizes."""

FUNCTIONS: dict[str, Callable[..., GModule]] = {
    name: getattr(file, name) for file in FILES for name in file.__all__
}
CELLS: dict[str, Callable[..., GModule]] = {**FUNCTIONS, **VARIANTS}
"""Every cell and variant by name: functions of (input_size, hidden_size, …)."""

__all__ = ["CELLS", "State", "VariationalDropout", "Zoneout", "merge_gates", "split_gates"]
