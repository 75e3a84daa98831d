"""Recurrent cells: graphs of ordinary modules that map ``(x, states…)`` to ``(next states…)``.

The last output is what a layer of such cells shows. Every cell has ``bias``, and ``gate`` and
``squash``, which make the functions that the equations write as σ and tanh.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from graphnet.graph import GModule
from graphnet.nn.cells.conversion import merge_gates, split_gates
from graphnet.nn.cells.gru import gru_cell, minimal_gated_cell
from graphnet.nn.cells.light import qrnn_cell, sru_cell
from graphnet.nn.cells.lstm import (
    lstm_cell,
    lstm_cell_1997,
    lstm_cell_coupled,
    lstm_cell_projected,
)
from graphnet.nn.cells.merged import lstm_cell_layernorm, lstm_cell_merged
from graphnet.nn.cells.multiplicative import mlstm_cell
from graphnet.nn.cells.peephole import lstm_cell_peephole
from graphnet.nn.cells.regularised import (
    lstm_cell_recurrent_dropout,
    lstm_cell_variational,
    lstm_cell_zoneout,
)
from graphnet.nn.cells.simple import rnn_cell
from graphnet.nn.layers.rectifiers import ReLU


def half_projected(input_size: int, hidden_size: int, **options: Any) -> GModule:
    """A projection to half the size."""
    return lstm_cell_projected(input_size, hidden_size, max(1, hidden_size // 2), **options)


CELLS: dict[str, Callable[..., GModule]] = {
    "rnn_cell": rnn_cell,
    "rnn_cell_relu": partial(rnn_cell, squash=ReLU),
    "lstm_cell": lstm_cell,
    "lstm_cell_1997": lstm_cell_1997,
    "lstm_cell_coupled": lstm_cell_coupled,
    "lstm_cell_layernorm": lstm_cell_layernorm,
    "lstm_cell_merged": lstm_cell_merged,
    "lstm_cell_peephole": lstm_cell_peephole,
    "lstm_cell_peephole_element_research": partial(lstm_cell_peephole, hidden_bias=False),
    "lstm_cell_projected": half_projected,
    "lstm_cell_recurrent_dropout": partial(lstm_cell_recurrent_dropout, p=0.3),
    "lstm_cell_variational": partial(lstm_cell_variational, p=0.3),
    "lstm_cell_zoneout": partial(lstm_cell_zoneout, p_c=0.3, p_h=0.2),
    "gru_cell": gru_cell,
    "gru_cell_before": partial(gru_cell, reset="before"),
    "gru_cell_element_research": partial(gru_cell, reset="before", hidden_bias=False),
    "minimal_gated_cell": minimal_gated_cell,
    "mlstm_cell": mlstm_cell,
    "qrnn_cell": qrnn_cell,
    "sru_cell": sru_cell,
}
"""Every cell and every variant by name: called with (input_size, hidden_size), or with more."""

__all__ = [
    "CELLS",
    "gru_cell",
    "lstm_cell",
    "lstm_cell_1997",
    "lstm_cell_coupled",
    "lstm_cell_layernorm",
    "lstm_cell_merged",
    "lstm_cell_peephole",
    "lstm_cell_projected",
    "lstm_cell_recurrent_dropout",
    "lstm_cell_variational",
    "lstm_cell_zoneout",
    "merge_gates",
    "minimal_gated_cell",
    "mlstm_cell",
    "qrnn_cell",
    "rnn_cell",
    "split_gates",
    "sru_cell",
]
