"""Rows of the modules named after Element-Research's rnn."""

from __future__ import annotations

from graphnet import nn
from tests.module_rows.row import Row, X, given, integers, normal, positive
from tests.support.oracle import F, torch


def elman(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor, v: torch.Tensor, c: torch.Tensor):
    """``rnn_cell`` over (steps, batch, features), from zeros."""
    h, outputs = x.new_zeros(x.shape[1], v.shape[0]), []
    for step in x:
        h = torch.tanh(F.linear(step, w, b) + F.linear(h, v, c))
        outputs.append(h)
    return torch.stack(outputs)


def nce_loss(p: torch.Tensor, pn: torch.Tensor, q: torch.Tensor, qn: torch.Tensor):
    """The sum over rows, by the formula of the paper; the noise is fixed."""
    q, qn = 2 * q.detach(), 2 * qn.detach()
    return -(p / (p + q + 1e-7)).log().sum() - (qn / (pn + qn + 1e-7)).log().sum()


def nce_outputs(x: torch.Tensor, target: torch.Tensor, w: torch.Tensor, b: torch.Tensor):
    """Where class 1 is the only noise."""
    p = F.linear(x, w, b).exp() / 1.5
    share = torch.tensor([0.0, 1.0, 0.0], requires_grad=True)
    noise = p[:, 1:2].expand(3, 2)
    return [p[range(3), target], noise, share[target], torch.ones(3, 2, requires_grad=True) * 1]


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
    "NCECriterion": [
        Row(
            nn.NCECriterion,
            [[positive(3), positive(3, 2), positive(3), positive(3, 2)], integers(4, 3)],
            lambda t: nce_loss(*t[0]) / 3,
            False,  # the probabilities of the noise receive no gradient
        ),
        Row(
            lambda: nn.NCECriterion(size_average=False),
            [[positive(3), positive(3, 2), positive(3), positive(3, 2)], integers(4, 3)],
            lambda t: nce_loss(*t[0]),
            False,
        ),
    ],
    "NCEModule": [
        Row(lambda: nn.NCEModule(4, 5, 3, [3.0, 1.0, 1.0, 2.0, 4.0]), [X, integers(5, 3)]),
        Row(
            lambda: nn.NCEModule(4, 3, 2, [0.0, 2.0, 0.0], 1.5),  # one class is all the noise
            [X, integers(3, 3)],
            lambda t, w, b: nce_outputs(*t, w, b),
        ),
        Row(
            lambda: nn.NCEModule(4, 5, 2, [1.0] * 5, normalized=True).evaluate(),
            [X, integers(5, 3)],
            lambda t, w, b: F.linear(t[0], w, b).softmax(-1),
        ),
        Row(
            lambda: nn.NCEModule(4, 5, 2, [1.0] * 5, normalized=True, logsoftmax=True).evaluate(),
            [X, integers(5, 3)],
            lambda t, w, b: F.linear(t[0], w, b).log_softmax(-1),
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
