"""Rows of the layers of cells; PyTorch's word for them is in tests/nn/recurrent."""

from __future__ import annotations

from graphnet import nn
from tests.module_rows.row import Row, normal

XS = normal(4, 2, 3)

ROWS: dict[str, list[Row]] = {
    "Bidirectional": [Row(lambda: nn.Bidirectional(nn.rnn_cell(3, 2), nn.rnn_cell(3, 2)), XS)],
    "GRU": [Row(lambda: nn.GRU(3, 2, 2, dropout=0.3), XS)],
    "LSTM": [Row(lambda: nn.LSTM(3, 2), XS), Row(lambda: nn.LSTM(3, 2, bidirectional=True), XS)],
    "RNN": [Row(lambda: nn.RNN(3, 2, batch_first=True), XS)],
}
