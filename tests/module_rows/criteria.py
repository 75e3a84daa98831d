"""Rows of the criteria."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphnet import nn
from tests.module_rows.row import PAIR, Draw, Row, X, given, integers, normal, positive, signs
from tests.support.oracle import F, torch

WEIGHTS = np.array([0.5, 1.0, 2.0, 0.25])


def padded(*shape: int) -> Draw:
    """Normal numbers with zeros in the second row."""
    return lambda rng: np.insert(normal(shape[0] - 1, *shape[1:])(rng), 1, 0.0, axis=0)


def unpadded(array: torch.Tensor) -> torch.Tensor:
    return torch.cat([array[:1], array[2:]])


def margins(name: str) -> Callable[..., Any]:
    function = getattr(F, name)
    return lambda pair: function(pair[0], pair[1])


ROWS: dict[str, list[Row]] = {
    "AbsCriterion": [
        Row(nn.AbsCriterion, PAIR, lambda t: F.l1_loss(*t)),
        Row(lambda: nn.AbsCriterion(False), PAIR, lambda t: F.l1_loss(*t, reduction="sum")),
    ],
    "BCECriterion": [
        Row(nn.BCECriterion, [positive(3, 4)] * 2, lambda t: F.binary_cross_entropy(*t)),
        Row(
            lambda: nn.BCECriterion(WEIGHTS, size_average=False),
            [positive(3, 4)] * 2,
            lambda t: F.binary_cross_entropy(*t, torch.tensor(WEIGHTS), reduction="sum"),
        ),
    ],
    "ClassNLLCriterion": [
        Row(nn.ClassNLLCriterion, [X, integers(4, 3)], lambda t: F.nll_loss(*t)),
        Row(nn.ClassNLLCriterion, [normal(4), given(2)], lambda t: F.nll_loss(*t)),
        Row(
            lambda: nn.ClassNLLCriterion(ignore_index=-1),
            [X, given([2, -1, 0])],
            lambda t: F.nll_loss(*t, ignore_index=-1),
        ),
        Row(
            lambda: nn.ClassNLLCriterion(WEIGHTS, ignore_index=2),
            [X, given([2, 1, 0])],
            lambda t: F.nll_loss(*t, torch.tensor(WEIGHTS), ignore_index=2),
        ),
        Row(
            lambda: nn.ClassNLLCriterion(ignore_index=-1),
            [X, given([-1, -1, -1])],
            lambda t: t[0].sum() * 0,
        ),
        Row(
            lambda: nn.ClassNLLCriterion(WEIGHTS),
            [normal(2, 3, 4), integers(4, 2, 3)],
            lambda t: F.nll_loss(t[0].transpose(1, 2), t[1], torch.tensor(WEIGHTS)),
        ),
        Row(
            lambda: nn.ClassNLLCriterion(WEIGHTS, size_average=False),
            [X, integers(4, 3)],
            lambda t: F.nll_loss(*t, torch.tensor(WEIGHTS), reduction="sum"),
        ),
    ],
    "CosineEmbeddingCriterion": [
        Row(
            lambda: nn.CosineEmbeddingCriterion(0.1),
            [[normal(6, 4), normal(6, 4)], signs(6)],
            lambda t: F.cosine_embedding_loss(*t[0], t[1], margin=0.1),
        )
    ],
    "CrossEntropyCriterion": [
        Row(nn.CrossEntropyCriterion, [X, integers(4, 3)], lambda t: F.cross_entropy(*t)),
        Row(
            lambda: nn.CrossEntropyCriterion(ignore_index=-100, size_average=False),
            [X, given([2, -100, 0])],
            lambda t: F.cross_entropy(*t, reduction="sum"),
        ),
        Row(
            lambda: nn.CrossEntropyCriterion(WEIGHTS),
            [normal(2, 3, 4), integers(4, 2, 3)],
            lambda t: F.cross_entropy(t[0].transpose(1, 2), t[1], torch.tensor(WEIGHTS)),
        ),
    ],
    "DistKLDivCriterion": [
        Row(
            nn.DistKLDivCriterion,
            [X, positive(3, 4)],
            lambda t: F.kl_div(*t, reduction="none").mean(),
        )
    ],
    "HingeEmbeddingCriterion": [
        Row(nn.HingeEmbeddingCriterion, [X, signs(3, 4)], lambda t: F.hinge_embedding_loss(*t)),
        Row(nn.HingeEmbeddingCriterion, [X, given(-1)], lambda t: F.relu(1 - t[0]).mean()),
    ],
    "L1Cost": [Row(nn.L1Cost, PAIR, lambda t: t[0].abs().sum() + 0 * t[1].sum())],
    "L1HingeEmbeddingCriterion": [
        Row(
            nn.L1HingeEmbeddingCriterion,
            [PAIR, given(1)],
            lambda t: F.l1_loss(*t[0], reduction="sum"),
        ),
        Row(
            lambda: nn.L1HingeEmbeddingCriterion(50.0),
            [PAIR, given(-1)],
            lambda t: 50 - F.l1_loss(*t[0], reduction="sum"),
        ),
    ],
    "MSECriterion": [
        Row(nn.MSECriterion, PAIR, lambda t: F.mse_loss(*t)),
        Row(lambda: nn.MSECriterion(False), PAIR, lambda t: F.mse_loss(*t, reduction="sum")),
    ],
    "MarginCriterion": [
        Row(nn.MarginCriterion, [X, signs(3, 4)], lambda t: F.relu(1 - t[0] * t[1]).mean())
    ],
    "MarginRankingCriterion": [
        Row(
            lambda: nn.MarginRankingCriterion(0.2),
            [[normal(6), normal(6)], signs(6)],
            lambda t: F.margin_ranking_loss(*t[0], t[1], margin=0.2),
        )
    ],
    "MaskZeroCriterion": [
        Row(lambda: nn.MaskZeroCriterion(nn.MSECriterion()), PAIR, lambda t: F.mse_loss(*t)),
        Row(
            lambda: nn.MaskZeroCriterion(nn.ClassNLLCriterion(WEIGHTS)),
            [X, integers(4, 3)],
            lambda t: F.nll_loss(*t, torch.tensor(WEIGHTS)),
        ),
        # A step away from zero, a row counts: there is no derivative at padding.
        Row(
            lambda: nn.MaskZeroCriterion(nn.SmoothL1Criterion(), 2),
            [padded(5, 2, 3), normal(5, 2, 3)],
            lambda t: F.smooth_l1_loss(*map(unpadded, t)),
            False,
        ),
        Row(
            lambda: nn.MaskZeroCriterion(nn.CrossEntropyCriterion(WEIGHTS)),
            [padded(4, 4), given([2, -1, 0, 3])],
            lambda t: F.cross_entropy(*map(unpadded, t), torch.tensor(WEIGHTS)),
            False,
        ),
    ],
    "ModuleFromCriterion": [
        Row(
            lambda: nn.ModuleFromCriterion(nn.MSECriterion()),
            [X, integers(3, 3, 4)],
            lambda t: F.mse_loss(t[0], t[1].double())[None],
        )
    ],
    "MultiCriterion": [
        Row(
            lambda: nn.MultiCriterion(nn.MSECriterion()).add(nn.AbsCriterion(), 0.3),
            PAIR,
            lambda t: F.mse_loss(*t) + 0.3 * F.l1_loss(*t),
        )
    ],
    "MultiLabelMarginCriterion": [
        Row(
            nn.MultiLabelMarginCriterion,
            [X, given([[2, 0, -1, 3], [1, -1, -1, -1], [3, 2, 1, 0]])],
            margins("multilabel_margin_loss"),
        )
    ],
    "MultiLabelSoftMarginCriterion": [
        Row(
            lambda: nn.MultiLabelSoftMarginCriterion(WEIGHTS),
            [X, integers(2, 3, 4)],
            lambda t: F.multilabel_soft_margin_loss(*t, torch.tensor(WEIGHTS)),
        )
    ],
    "MultiMarginCriterion": [
        Row(nn.MultiMarginCriterion, [X, integers(4, 3)], margins("multi_margin_loss")),
        Row(
            lambda: nn.MultiMarginCriterion(2, WEIGHTS, 0.7),
            [X, integers(4, 3)],
            lambda t: F.multi_margin_loss(*t, 2, 0.7, torch.tensor(WEIGHTS)),
        ),
    ],
    "ParallelCriterion": [
        Row(
            lambda: nn.ParallelCriterion(
                nn.MSECriterion(), nn.ClassNLLCriterion(), weights=[0.5, 2.0]
            ),
            [[X, X], [X, integers(4, 3)]],
            lambda t: 0.5 * F.mse_loss(t[0][0], t[1][0]) + 2 * F.nll_loss(t[0][1], t[1][1]),
        ),
        Row(
            lambda: nn.ParallelCriterion(nn.MSECriterion(), nn.AbsCriterion(), repeat_target=True),
            [[X, X], X],
            lambda t: F.mse_loss(t[0][0], t[1]) + F.l1_loss(t[0][1], t[1]),
        ),
    ],
    "SequencerCriterion": [
        Row(
            lambda: nn.SequencerCriterion(nn.ClassNLLCriterion()),
            [[X, X], [integers(4, 3), integers(4, 3)]],
            lambda t: sum(F.nll_loss(x, y) for x, y in zip(*t, strict=True)),
        ),
        Row(
            lambda: nn.SequencerCriterion(nn.MSECriterion()),
            [normal(5, 2, 3), normal(5, 2, 3)],
            lambda t: 5 * F.mse_loss(*t),
        ),
    ],
    "SmoothL1Criterion": [Row(nn.SmoothL1Criterion, PAIR, lambda t: F.smooth_l1_loss(*t))],
    "SoftMarginCriterion": [
        Row(nn.SoftMarginCriterion, [X, signs(3, 4)], lambda t: F.softplus(-t[0] * t[1]).mean())
    ],
}
