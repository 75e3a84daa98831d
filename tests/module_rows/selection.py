"""Rows of constants, of indices as values, of folded axes, of order, of layers in parts."""

from __future__ import annotations

import numpy as np

from graphnet import Parameter, nn
from tests.module_rows.entries import YOUNGER
from tests.module_rows.row import Row, X, given, integers, normal
from tests.support.oracle import F, torch

ROWS: dict[str, list[Row]] = {
    "ArgMax": [
        Row(lambda: nn.ArgMax(1), X),
        Row(lambda: nn.ArgMax(0, 1), X),
        Row(
            lambda: nn.ArgMax(0, as_long=False),
            given([2.0, 5.0, 1.0, 3.0]),
            lambda x: torch.ones(1, dtype=torch.float64) + 0 * x.sum(),
        ),
    ],
    "Constant": [
        Row(
            lambda: nn.Constant(np.array([1.0, 2.0])),
            X,
            lambda x: torch.tensor([1.0, 2], dtype=x.dtype) + 0 * x.sum(),
        ),
        Row(
            lambda: nn.Constant(2.5, 1),
            X,
            lambda x: torch.full((3, 1), 2.5, dtype=x.dtype) + 0 * x.sum(),
        ),
        Row(lambda: nn.Constant(Parameter(np.ones(2)), 1), X, lambda x, v: v.expand(3, 2)),
        Row(lambda: nn.Constant(np.ones((2, 2)), learned=True), X, lambda x, v: v * 1),
    ],
    "Flatten": [
        Row(nn.Flatten, normal(2, 3, 4), lambda x: x.flatten(1), without_torch=YOUNGER),
        Row(
            lambda: nn.Flatten(0, 1),
            normal(2, 3, 4),
            lambda x: x.reshape(6, 4),
            without_torch=YOUNGER,
        ),
    ],
    "MaskedSelect": [
        Row(
            nn.MaskedSelect,
            [normal(2, 2), given([[1, 0], [0, 1]])],
            lambda t: F.pad(t[0].masked_select(t[1] > 0), (0, 2)),
        ),
        Row(
            lambda: nn.MaskedSelect(3),
            [X, given(np.arange(12).reshape(3, 4) % 5 == 1)],
            lambda t: t[0].masked_select(t[1]),
        ),
    ],
    "Maxout": [
        Row(
            lambda: nn.Maxout(4, 2, 3),
            X,
            lambda x, w, b: F.linear(x, w, b).reshape(3, 3, 2).amax(1),
        ),
        Row(
            lambda: nn.Maxout(4, 2, 3, nn.Tanh()),
            normal(4),
            lambda x, w, b: F.linear(x, w, b).reshape(3, 2).tanh().amax(0),
        ),
    ],
    "OneHot": [
        Row(
            lambda: nn.OneHot(5),
            integers(5, 3, 2),
            lambda i: F.one_hot(i, 5) * torch.ones(1, requires_grad=True),
        ),
        Row(
            lambda: nn.OneHot(3),
            given(2),
            lambda i: F.one_hot(i, 3) * torch.ones(1, requires_grad=True),
        ),
    ],
    "PartialLinear": [
        Row(lambda: nn.PartialLinear(4, 3), X, F.linear),
        Row(
            lambda: nn.PartialLinear(4, 5, partition=[3, 1]),
            X,
            lambda x, w, b: F.linear(x, w[[3, 1]], b[[3, 1]]),
        ),
        Row(lambda: nn.PartialLinear(4, 3, False), X, F.linear),
    ],
    "ReverseTable": [Row(nn.ReverseTable, [X, normal(2), X], lambda t: t[::-1])],
    "SeqReverseSequence": [
        Row(nn.SeqReverseSequence, X, lambda x: x.flip(0)),
        Row(lambda: nn.SeqReverseSequence(-1), normal(2, 3, 4), lambda x: x.flip(2)),
    ],
    "Unflatten": [
        Row(
            lambda: nn.Unflatten(1, [2, -1]),
            normal(3, 6, 2),
            lambda x: x.unflatten(1, (2, 3)),
            without_torch=YOUNGER,
        )
    ],
    "ZipTableOneToMany": [
        Row(nn.ZipTableOneToMany, [X, [X, normal(2)]], lambda t: [[t[0], e] for e in t[1]])
    ],
}
