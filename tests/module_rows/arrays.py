"""Rows of the modules of whole arrays: shapes, reductions, products, distances, layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnet import nn
from tests.module_rows.row import PAIR, Row, X, given, integers, normal, positive
from tests.support.oracle import F, torch


def euclidean(x: Any, weight: Any, factors: Any = 1.0) -> Any:
    return torch.linalg.vector_norm((x[..., None] - weight) * factors, dim=-2)


def cell() -> Any:
    return nn.lstm_cell(3, 2)


ROWS: dict[str, list[Row]] = {
    "Bilinear": [
        Row(
            lambda: nn.Bilinear(4, 3, 2),
            [normal(5, 4), normal(5, 3)],
            lambda t, w, b: F.bilinear(*t, w, b),
        ),
        Row(
            lambda: nn.Bilinear(4, 3, 2, bias=False),
            [normal(4), normal(3)],
            lambda t, w: F.bilinear(*t, w),
        ),
    ],
    "Collapse": [Row(lambda: nn.Collapse(2), normal(2, 3, 4), lambda x: x.reshape(2, 12))],
    "Contiguous": [Row(nn.Contiguous, X, lambda x: x)],
    "Cosine": [
        Row(
            lambda: nn.Cosine(4, 2),
            X,
            lambda x, w: F.cosine_similarity(x[..., None, :], w, dim=-1),
        )
    ],
    "CosineDistance": [
        Row(nn.CosineDistance, PAIR, lambda t: F.cosine_similarity(*t)),
        Row(nn.CosineDistance, [normal(4)] * 2, lambda t: F.cosine_similarity(*t, dim=0)[None]),
    ],
    "DotProduct": [
        Row(nn.DotProduct, PAIR, lambda t: (t[0] * t[1]).sum(1)),
        Row(nn.DotProduct, [normal(4)] * 2, lambda t: torch.dot(*t)[None]),
    ],
    "Euclidean": [Row(lambda: nn.Euclidean(4, 2), X, euclidean)],
    "Index": [Row(lambda: nn.Index(1), [X, integers(4, 6)], lambda t: t[0].index_select(1, t[1]))],
    "Linear": [
        Row(lambda: nn.Linear(4, 2), X, F.linear),
        Row(lambda: nn.Linear(4, 2, bias=False), normal(2, 3, 4), F.linear),
    ],
    "LookupTable": [
        Row(lambda: nn.LookupTable(5, 3), integers(5, 4, 2), lambda i, w: F.embedding(i, w)),
        Row(
            lambda: nn.LookupTable(5, 3, padding_idx=2),
            given([[2, 0], [4, 2]]),
            lambda i, w: F.embedding(i, w, 2),
            False,
        ),
        Row(
            lambda: nn.LookupTable(5, 3, -1, 0.5, 1.0),
            integers(5, 4, 2),
            lambda i, w: F.embedding(i, w, -1, 0.5, 1.0),
            False,  # the gradient is that of the scaled rows
        ),
        Row(
            lambda: nn.LookupTable(5, 3, max_norm=0.5, norm_type=np.inf),
            integers(5, 4),
            lambda i, w: F.embedding(i, w, None, 0.5, np.inf),
            False,
        ),
    ],
    "MM": [
        Row(nn.MM, [X, normal(4, 2)], lambda t: t[0] @ t[1]),
        Row(
            lambda: nn.MM(True, True),
            [normal(2, 4, 3), normal(2, 5, 4)],
            lambda t: t[0].mT @ t[1].mT,
        ),
    ],
    "MV": [
        Row(nn.MV, [X, normal(4)], lambda t: torch.mv(*t)),
        Row(
            lambda: nn.MV(True),
            [normal(2, 4, 3), normal(2, 4)],
            lambda t: torch.einsum("bij,bi->bj", *t),
        ),
    ],
    "Max": [
        Row(lambda: nn.Max(1), X, lambda x: x.amax(1)),
        Row(nn.Max, normal(4), lambda x: x.amax(0, keepdim=True)),
    ],
    "Mean": [Row(lambda: nn.Mean(0, 1), X, lambda x: x.mean(1))],
    "Min": [Row(lambda: nn.Min(1), X, lambda x: x.amin(1))],
    "MixtureTable": [
        Row(
            nn.MixtureTable,
            [positive(3, 2), [X, X]],
            lambda t: t[0][:, :1] * t[1][0] + t[0][:, 1:] * t[1][1],
        ),
        Row(
            nn.MixtureTable,
            [positive(3, 2), normal(3, 2, 4)],
            lambda t: torch.einsum("bk,bkn->bn", *t),
        ),
        Row(
            lambda: nn.MixtureTable(2),
            [positive(3, 2), normal(3, 4, 2)],
            lambda t: torch.einsum("bk,bnk->bn", *t),
        ),
        Row(
            lambda: nn.MixtureTable(-1),
            [positive(2), normal(3, 4, 2)],
            lambda t: torch.einsum("k,mnk->mn", *t),
        ),
    ],
    "Narrow": [
        Row(lambda: nn.Narrow(1, 1, 2), X, lambda x: x[:, 1:3]),
        Row(lambda: nn.Narrow(1, -3, -1), X, lambda x: x[:, -3:]),
    ],
    "Normalize": [
        Row(nn.Normalize, X, F.normalize),
        Row(lambda: nn.Normalize(1), normal(4), lambda x: F.normalize(x, 1, 0)),
        Row(lambda: nn.Normalize(np.inf), X, lambda x: F.normalize(x, np.inf)),
    ],
    "Padding": [
        Row(lambda: nn.Padding(1, 2), X, lambda x: F.pad(x, (0, 2))),
        Row(lambda: nn.Padding(0, -2, 1, 7.0), X, lambda x: F.pad(x, (2, 0), value=7)),
        Row(
            lambda: nn.Padding(0, 1, index=1),
            normal(3),
            lambda x: torch.cat([x[:2], torch.zeros(1), x[2:]]),
        ),
    ],
    "PairwiseDistance": [
        Row(nn.PairwiseDistance, PAIR, lambda t: F.pairwise_distance(*t, eps=0)),
        Row(lambda: nn.PairwiseDistance(1), PAIR, lambda t: F.pairwise_distance(*t, p=1, eps=0)),
        Row(
            lambda: nn.PairwiseDistance(3),
            [normal(4)] * 2,
            lambda t: F.pairwise_distance(*t, p=3, eps=0)[None],
        ),
    ],
    "Recurrent": [Row(lambda: nn.Recurrent(cell()), [normal(4, 2, 3), normal(2, 2), normal(2, 2)])],
    "Replicate": [
        Row(lambda: nn.Replicate(3), X, lambda x: x.expand(3, 3, 4)),
        Row(lambda: nn.Replicate(2, 0, 1), X, lambda x: x[:, None].expand(3, 2, 4)),
    ],
    "Reshape": [
        Row(lambda: nn.Reshape(2, 6), X, lambda x: x.reshape(2, 6)),
        Row(lambda: nn.Reshape(2, 2), X, lambda x: x.reshape(3, 2, 2)),
        Row(lambda: nn.Reshape(4), normal(1, 4), lambda x: x),
        Row(lambda: nn.Reshape(4, batch_mode=False), normal(1, 4), lambda x: x[0]),
    ],
    "Select": [Row(lambda: nn.Select(1, -2), X, lambda x: x[:, -2])],
    "Squeeze": [
        Row(nn.Squeeze, normal(1, 3, 1), torch.squeeze),
        Row(lambda: nn.Squeeze(input_dims=2), normal(1, 3, 1), lambda x: x.squeeze(2)),
        Row(lambda: nn.Squeeze(0, 2), normal(2, 1, 3), lambda x: x.squeeze(1)),
    ],
    "Sum": [
        Row(nn.Sum, X, lambda x: x.sum(0)),
        Row(lambda: nn.Sum(0, 1, squeeze=False), X, lambda x: x.sum(1, keepdim=True)),
        Row(lambda: nn.Sum(-1, size_average=True), X, lambda x: x.mean(1)),
    ],
    "Transpose": [
        Row(lambda: nn.Transpose((0, 1), (1, 2)), normal(2, 3, 4), lambda x: x.permute(1, 2, 0))
    ],
    "Unsqueeze": [
        Row(lambda: nn.Unsqueeze(1), X, lambda x: x[:, None]),
        Row(lambda: nn.Unsqueeze(0, 1), X, lambda x: x[:, None]),
    ],
    "View": [
        Row(lambda: nn.View(4, -1), X, lambda x: x.reshape(4, 3)),
        Row(lambda: nn.View(2, 2), X, lambda x: x.reshape(3, 2, 2)),
        Row(lambda: nn.View(-1, input_dims=2), normal(2, 3, 4), lambda x: x.reshape(2, 12)),
    ],
    "WeightedEuclidean": [Row(lambda: nn.WeightedEuclidean(4, 2), X, euclidean)],
}
