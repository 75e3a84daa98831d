"""Rows of the modules named after Element-Research's rnn."""

from __future__ import annotations

from graphnet import nn
from tests.module_rows.row import Row, X, given, normal
from tests.support.oracle import F, torch


def elman(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor, v: torch.Tensor, c: torch.Tensor):
    """``rnn_cell`` over (steps, batch, features), from zeros."""
    h, outputs = x.new_zeros(x.shape[1], v.shape[0]), []
    for step in x:
        h = torch.tanh(F.linear(step, w, b) + F.linear(h, v, c))
        outputs.append(h)
    return torch.stack(outputs)


ROWS: dict[str, list[Row]] = {
    "LookupTableMaskZero": [
        Row(
            lambda: nn.LookupTableMaskZero(4, 3),
            given([[1, 4], [2, 1]]),
            lambda i, w: F.embedding(i, w),
        ),
        # The value is masked, the gradient that reaches the first row is not.
        Row(
            lambda: nn.LookupTableMaskZero(4, 3),
            given([0, 2, 0]),
            lambda i, w: F.embedding(i, w) - (i == 0)[:, None] * w[0].detach(),
            False,
        ),
    ],
    "Recursor": [
        Row(lambda: nn.Recursor(nn.rnn_cell(4, 2)), X, lambda x, *p: elman(x[None], *p)[0]),
        Row(lambda: nn.Recursor(nn.gru_cell(4, 2), mask_zero=True), normal(4)),
    ],
    "Repeater": [
        Row(
            lambda: nn.Repeater(nn.Recursor(nn.rnn_cell(4, 2)), 3),
            X,
            lambda x, *p: list(elman(torch.stack([x] * 3), *p)),
        )
    ],
    "SequenceOutputs": [
        Row(lambda: nn.SequenceOutputs(nn.Recurrent(nn.rnn_cell(4, 2))), normal(5, 3, 4), elman),
        Row(lambda: nn.SeqLSTM(4, 2), [normal(5, 3, 4), normal(3, 2), normal(3, 2)]),
    ],
    "Sequencer": [
        Row(lambda: nn.Sequencer(nn.Recursor(nn.rnn_cell(4, 2))), normal(5, 3, 4), elman),
        Row(
            lambda: nn.Sequencer(nn.Recursor(nn.rnn_cell(4, 2)), reverse=True),
            [X, X, X],
            lambda xs, *p: list(elman(torch.stack(xs).flip(0), *p).flip(0)),
        ),
        Row(
            lambda: nn.Sequencer(nn.ConcatTable(nn.Tanh(), nn.Linear(4, 2))),
            normal(5, 4),
            lambda x, w, b: [x.tanh(), F.linear(x, w, b)],
        ),
    ],
}
