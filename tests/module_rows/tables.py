"""Rows of the modules of tables, and of containers."""

from __future__ import annotations

from graphnet import nn
from tests.module_rows.row import PAIR, Row, X, given, normal, positive, zeros
from tests.support.oracle import F, torch

ROWS: dict[str, list[Row]] = {
    "LayerStates": [Row(lambda: nn.LayerStates(3, 4), normal(3, 2, 4), lambda x: list(x))],
    "MaskZero": [
        Row(lambda: nn.MaskZero(nn.Linear(4, 2)), X, F.linear),
        # The value is masked, the gradient that reaches the parameters is not.
        Row(
            lambda: nn.MaskZero(nn.Linear(4, 2)),
            zeros(3, 4),
            lambda x, w, b: F.linear(x.detach(), w, b) - b.detach() + x.sum() * 0,
            False,
        ),
    ],
    "ZeroPadding": [
        Row(nn.ZeroPadding, X, lambda x: x),
        Row(
            nn.ZeroPadding,
            [normal(3, 4, 2), given([3, 0, 1, 2])],
            lambda t: t[0] * (torch.arange(3)[:, None] < t[1])[..., None],
        ),
        Row(
            lambda: nn.ZeroPadding(batch_first=True),
            [normal(4, 3), given([3, 0, 1, 2])],
            lambda t: t[0] * (torch.arange(3) < t[1][:, None]),
        ),
    ],
    "StackTable": [
        Row(nn.StackTable, PAIR, torch.stack),
        Row(lambda: nn.StackTable(-1), PAIR, lambda t: torch.stack(t, -1)),
    ],
    "Bottle": [
        Row(lambda: nn.Bottle(nn.Linear(4, 2)), normal(2, 3, 4), F.linear),
        Row(lambda: nn.Bottle(nn.Sum(1), 2, 1), normal(2, 3, 4), lambda x: x.sum(-1)),
    ],
    "CAddTable": [Row(nn.CAddTable, [X, normal(4), X], lambda t: t[0] + t[1] + t[2])],
    "CAddTensorTable": [
        Row(nn.CAddTensorTable, [X, [X, X]], lambda t: [t[0] + t[1][0], t[0] + t[1][1]])
    ],
    "CDivTable": [Row(nn.CDivTable, [X, positive(3, 4)], lambda t: t[0] / t[1])],
    "CMaxTable": [Row(nn.CMaxTable, PAIR, lambda t: torch.maximum(*t))],
    "CMinTable": [Row(nn.CMinTable, PAIR, lambda t: torch.minimum(*t))],
    "CMulTable": [Row(nn.CMulTable, [X, X, normal(4)], lambda t: t[0] * t[1] * t[2])],
    "CSubTable": [Row(nn.CSubTable, PAIR, lambda t: t[0] - t[1])],
    "Concat": [
        Row(
            lambda: nn.Concat(1, nn.Tanh(), nn.Linear(4, 2)),
            X,
            lambda x, w, b: torch.cat([x.tanh(), F.linear(x, w, b)], 1),
        )
    ],
    "ConcatTable": [
        Row(lambda: nn.ConcatTable(nn.Tanh(), nn.Identity()), X, lambda x: [x.tanh(), x])
    ],
    "FlattenTable": [
        Row(nn.FlattenTable, [X, [[normal(2)], X]], lambda t: [t[0], t[1][0][0], t[1][1]])
    ],
    "JoinTable": [
        Row(lambda: nn.JoinTable(0), [X, normal(2, 4)], lambda t: torch.cat(t, 0)),
        Row(lambda: nn.JoinTable(0, 1), [X, normal(3, 2)], lambda t: torch.cat(t, 1)),
    ],
    "JustElement": [Row(nn.JustElement, [X], lambda t: t[0])],
    "JustTable": [Row(nn.JustTable, X, lambda x: [x])],
    "MapTable": [
        Row(
            lambda: nn.MapTable(nn.Linear(4, 2)),
            [X, normal(4)],
            lambda t, w, b: [F.linear(x, w, b) for x in t],
        )
    ],
    "NarrowTable": [Row(lambda: nn.NarrowTable(1, 2), [X, X, X], lambda t: t[1:])],
    "Parallel": [
        Row(
            lambda: nn.Parallel(0, 1, nn.Linear(4, 2), nn.Tanh()),
            normal(2, 3, 4),
            lambda x, w, b: torch.cat([F.linear(x[0], w, b), x[1].tanh()], 1),
        )
    ],
    "ParallelTable": [
        Row(
            lambda: nn.ParallelTable(nn.Tanh(), nn.Linear(2, 3)),
            [X, normal(2)],
            lambda t, w, b: [t[0].tanh(), F.linear(t[1], w, b)],
        )
    ],
    "SelectTable": [Row(lambda: nn.SelectTable(-1), [X, X], lambda t: t[1])],
    "Sequential": [
        Row(
            lambda: nn.Sequential(nn.Linear(4, 3), nn.Tanh()).add(nn.Linear(3, 2)),
            X,
            lambda x, w, b, v, c: F.linear(F.linear(x, w, b).tanh(), v, c),
        )
    ],
    "SplitTable": [
        Row(lambda: nn.SplitTable(0, 1), X, lambda x: list(x.unbind(1))),
        Row(lambda: nn.SplitTable(0), X, lambda x: list(x.unbind(0))),
    ],
    "ZipTable": [
        Row(nn.ZipTable, [[X, X], [X, X]], lambda t: [[t[0][0], t[1][0]], [t[0][1], t[1][1]]])
    ],
    "Zoneout": [
        Row(lambda: nn.Zoneout(0.3), PAIR),
        Row(lambda: nn.Zoneout(0.3).evaluate(), PAIR, lambda t: 0.3 * t[0] + 0.7 * t[1]),
    ],
}
