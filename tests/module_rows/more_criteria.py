"""Rows of further criteria, and of settings of the others that their first rows leave out."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnet import nn
from tests.module_rows.row import PAIR, Row, X, given, integers, normal, positive, signs
from tests.support.oracle import F, torch

WEIGHTS = np.array([0.5, 1.0, 2.0, 0.25])
OF_PYTORCH = "it is PyTorch's"
OF_DPNN = "no reference case wraps modules in a criterion"
IMAGES, PLACES = normal(2, 4, 3, 2), integers(4, 2, 3, 2)


def simplex_corners(count: int) -> torch.Tensor:
    return torch.tensor(nn.ClassSimplexCriterion(count).simplex)


def smoothed(**settings: Any) -> Row:
    weight = settings.get("weight")

    def theirs(t: Any) -> Any:
        return F.cross_entropy(
            *t,
            None if weight is None else torch.tensor(weight),
            label_smoothing=0.3,
            reduction="mean" if settings.get("size_average", True) else "sum",
            ignore_index=settings.get("ignore_index", -100),
        )

    return Row(
        lambda: nn.CrossEntropyCriterion(label_smoothing=0.3, **settings),
        [X, given([2, 1, 0])],
        theirs,
    )


def logistic(t: Any) -> Any:
    return F.softplus(-t[0] * t[1].reshape(t[0].shape))


ROWS: dict[str, list[Row]] = {
    "BCEWithLogitsCriterion": [
        Row(
            nn.BCEWithLogitsCriterion,
            [X, positive(3, 4)],
            lambda t: F.binary_cross_entropy_with_logits(*t),
            without_torch=OF_PYTORCH,
        ),
        Row(
            lambda: nn.BCEWithLogitsCriterion(WEIGHTS, False, 2 * WEIGHTS),
            [X, positive(3, 4)],
            lambda t: F.binary_cross_entropy_with_logits(
                *t, torch.tensor(WEIGHTS), reduction="sum", pos_weight=torch.tensor(2 * WEIGHTS)
            ),
        ),
    ],
    "BinaryLogisticRegression": [
        Row(nn.BinaryLogisticRegression, [normal(5, 1), signs(5)], lambda t: logistic(t).mean()),
        Row(
            lambda: nn.BinaryLogisticRegression(False),
            [normal(5), signs(5, 1)],
            lambda t: logistic(t).sum(),
        ),
    ],
    "ClassSimplexCriterion": [
        Row(
            lambda: nn.ClassSimplexCriterion(4),
            [X, integers(4, 3)],
            lambda t: F.mse_loss(t[0], simplex_corners(4)[t[1]]),
        ),
        Row(
            lambda: nn.ClassSimplexCriterion(3, size_average=False),
            [normal(3), given(2)],
            lambda t: F.mse_loss(t[0], simplex_corners(3)[2], reduction="sum"),
        ),
    ],
    "CrossEntropyCriterion": [
        smoothed(),
        smoothed(weight=WEIGHTS),
        smoothed(weight=WEIGHTS, ignore_index=1),
        smoothed(ignore_index=0, size_average=False),
        smoothed(weight=WEIGHTS, size_average=False),
    ],
    "GaussianNLLCriterion": [
        Row(
            nn.GaussianNLLCriterion,
            [[X, positive(3, 4)], X],
            lambda t: F.gaussian_nll_loss(t[0][0], t[1], t[0][1]),
            without_torch=OF_PYTORCH,
        ),
        Row(
            lambda: nn.GaussianNLLCriterion(full=True, size_average=False),
            [[X, positive(3, 4)], X],
            lambda t: F.gaussian_nll_loss(t[0][0], t[1], t[0][1], full=True, reduction="sum"),
        ),
    ],
    "HuberCriterion": [
        Row(
            lambda: nn.HuberCriterion(0.7),
            PAIR,
            lambda t: F.huber_loss(*t, delta=0.7),
            without_torch=OF_PYTORCH,
        ),
        Row(
            lambda: nn.HuberCriterion(size_average=False),
            PAIR,
            lambda t: F.huber_loss(*t, reduction="sum"),
        ),
    ],
    "ModuleCriterion": [
        Row(
            lambda: nn.ModuleCriterion(nn.MSECriterion(), nn.Sigmoid(), nn.Tanh()),
            PAIR,
            lambda t: F.mse_loss(t[0].sigmoid(), t[1].tanh()),
            without_torch=OF_DPNN,
        ),
        Row(lambda: nn.ModuleCriterion(nn.AbsCriterion()), PAIR, lambda t: F.l1_loss(*t)),
    ],
    "PoissonNLLCriterion": [
        Row(
            nn.PoissonNLLCriterion,
            [X, positive(3, 4)],
            lambda t: F.poisson_nll_loss(*t),
            without_torch=OF_PYTORCH,
        ),
        Row(
            lambda: nn.PoissonNLLCriterion(log_input=False, eps=1e-3, size_average=False),
            [positive(3, 4), positive(3, 4)],
            lambda t: F.poisson_nll_loss(*t, log_input=False, eps=1e-3, reduction="sum"),
        ),
        Row(
            lambda: nn.PoissonNLLCriterion(full=True),
            [normal(2, 2), given([[0.5, 2.0], [3.5, 0.2]])],
            lambda t: F.poisson_nll_loss(*t, full=True),
        ),
    ],
    "RepeaterCriterion": [
        Row(
            lambda: nn.RepeaterCriterion(nn.MSECriterion()),
            [normal(5, 2, 3), normal(2, 3)],
            lambda t: 5 * F.mse_loss(t[0], t[1].expand(5, 2, 3)),
        ),
        Row(
            lambda: nn.RepeaterCriterion(nn.CrossEntropyCriterion()),
            [[X, X], integers(4, 3)],
            lambda t: sum(F.cross_entropy(x, t[1]) for x in t[0]),
        ),
    ],
    "SpatialAutoCropMSECriterion": [
        Row(
            nn.SpatialAutoCropMSECriterion,
            [normal(2, 3, 4, 2), normal(2, 3, 7, 4)],
            lambda t: F.mse_loss(t[0], t[1][:, :, 1:5, 1:3]),
        ),
        Row(
            lambda: nn.SpatialAutoCropMSECriterion(False),
            [normal(3, 4, 2), normal(3, 4, 5)],
            lambda t: F.mse_loss(t[0], t[1][:, :, 1:3], reduction="sum"),
        ),
    ],
    "SpatialBinaryLogisticRegression": [
        Row(
            nn.SpatialBinaryLogisticRegression,
            [normal(2, 1, 3, 2), signs(2, 1, 3, 2)],
            lambda t: logistic(t).mean() / 2,
        ),
        Row(
            lambda: nn.SpatialBinaryLogisticRegression(False),
            [normal(2, 1, 3, 2), signs(2, 1, 3, 2)],
            lambda t: logistic(t).sum() / (2 * 3 * 2),
        ),
        Row(
            nn.SpatialBinaryLogisticRegression,
            [normal(1, 3, 2), signs(1, 3, 2)],
            lambda t: logistic(t).mean() / 2,
        ),
    ],
    "SpatialClassNLLCriterion": [
        Row(nn.SpatialClassNLLCriterion, [IMAGES, PLACES], lambda t: F.nll_loss(*t)),
        Row(
            lambda: nn.SpatialClassNLLCriterion(WEIGHTS, ignore_index=3),
            [IMAGES, PLACES],
            lambda t: F.nll_loss(*t, torch.tensor(WEIGHTS), ignore_index=3),
        ),
        Row(
            lambda: nn.SpatialClassNLLCriterion(WEIGHTS, size_average=False),
            [IMAGES, PLACES],
            lambda t: F.nll_loss(*t, torch.tensor(WEIGHTS), reduction="sum"),
        ),
    ],
    "WeightedMSECriterion": [
        Row(
            lambda: nn.WeightedMSECriterion(WEIGHTS),
            PAIR,
            lambda t: F.mse_loss(t[0], t[1] * torch.tensor(WEIGHTS)),
        ),
        Row(
            lambda: nn.WeightedMSECriterion(0.5, size_average=False),
            PAIR,
            lambda t: F.mse_loss(t[0], t[1] * 0.5, reduction="sum"),
        ),
    ],
    # ---- settings of criteria whose first rows are in criteria.py
    "CosineEmbeddingCriterion": [
        Row(
            lambda: nn.CosineEmbeddingCriterion(0.1, size_average=False),
            [[normal(6, 4), normal(6, 4)], signs(6, 1)],
            lambda t: F.cosine_embedding_loss(*t[0], t[1][:, 0], margin=0.1, reduction="sum"),
        ),
        Row(
            lambda: nn.CosineEmbeddingCriterion(0.1),
            [[normal(2, 3, 4), normal(2, 3, 4)], signs(2, 3)],
            lambda t: F.cosine_embedding_loss(
                *[part.reshape(6, 4) for part in t[0]], t[1].reshape(6), margin=0.1
            ),
        ),
    ],
    "DistKLDivCriterion": [
        Row(
            lambda: nn.DistKLDivCriterion(False),
            [X, positive(3, 4)],
            lambda t: F.kl_div(*t, reduction="sum"),
        )
    ],
    "HingeEmbeddingCriterion": [
        Row(
            lambda: nn.HingeEmbeddingCriterion(0.3, size_average=False),
            [positive(3, 4), signs(3, 4)],
            lambda t: F.hinge_embedding_loss(*t, margin=0.3, reduction="sum"),
        ),
        Row(
            lambda: nn.HingeEmbeddingCriterion(0.3),
            [positive(5, 1), signs(5)],
            lambda t: F.hinge_embedding_loss(t[0][:, 0], t[1], margin=0.3),
        ),
    ],
    "MSECriterion": [
        Row(nn.MSECriterion, [normal(5), normal(5, 1)], lambda t: F.mse_loss(t[0], t[1][:, 0]))
    ],
    "MarginCriterion": [
        Row(
            lambda: nn.MarginCriterion(0.4, size_average=False),
            [X, signs(3, 4)],
            lambda t: F.relu(0.4 - t[0] * t[1]).sum(),
        )
    ],
    "MarginRankingCriterion": [
        Row(
            lambda: nn.MarginRankingCriterion(0.2),
            [[X, X], signs(3, 4)],
            lambda t: F.margin_ranking_loss(*t[0], t[1], margin=0.2, reduction="sum") / 3,
        ),
        Row(
            lambda: nn.MarginRankingCriterion(0.2, size_average=False),
            [[X, X], signs(3, 4)],
            lambda t: F.margin_ranking_loss(*t[0], t[1], margin=0.2, reduction="sum"),
        ),
        Row(
            nn.MarginRankingCriterion,
            [[normal(5, 1), normal(5, 1)], signs(5)],
            lambda t: F.margin_ranking_loss(*t[0], t[1][:, None], margin=1.0),
        ),
    ],
    "MultiCriterion": [
        Row(
            lambda: nn.MultiCriterion(
                nn.ParallelCriterion(nn.MSECriterion(), nn.AbsCriterion()),
                nn.ParallelCriterion(nn.AbsCriterion(), nn.SmoothL1Criterion()),
                weights=[2.0, 0.5],
            ),
            [[X, X], [X, X]],
            lambda t: (
                2 * (F.mse_loss(t[0][0], t[1][0]) + F.l1_loss(t[0][1], t[1][1]))
                + 0.5 * (F.l1_loss(t[0][0], t[1][0]) + F.smooth_l1_loss(t[0][1], t[1][1]))
            ),
        )
    ],
    "MultiLabelMarginCriterion": [
        Row(
            lambda: nn.MultiLabelMarginCriterion(False),
            [X, given([[2, 0, -1, 3], [1, -1, -1, -1], [3, 2, 1, 0]])],
            lambda t: F.multilabel_margin_loss(*t, reduction="sum"),
        )
    ],
    "MultiLabelSoftMarginCriterion": [
        Row(
            lambda: nn.MultiLabelSoftMarginCriterion(size_average=False),
            [X, integers(2, 3, 4)],
            lambda t: 4 * F.multilabel_soft_margin_loss(*t, reduction="sum"),
        )
    ],
    "MultiMarginCriterion": [
        Row(
            lambda: nn.MultiMarginCriterion(1, WEIGHTS, 0.7, size_average=False),
            [X, integers(4, 3, 1)],
            lambda t: F.multi_margin_loss(
                t[0], t[1][:, 0], 1, 0.7, torch.tensor(WEIGHTS), reduction="sum"
            ),
        )
    ],
    "ParallelCriterion": [
        Row(
            lambda: nn.ParallelCriterion(
                nn.ParallelCriterion(
                    nn.MSECriterion(), nn.CrossEntropyCriterion(), weights=[3.0, 0.5]
                ),
                nn.AbsCriterion(),
                weights=[0.25, 2.0],
            ),
            [[[X, X], X], [[X, integers(4, 3, 1)], X]],
            lambda t: (
                0.25
                * (
                    3 * F.mse_loss(t[0][0][0], t[1][0][0])
                    + 0.5 * F.cross_entropy(t[0][0][1], t[1][0][1][:, 0])
                )
                + 2 * F.l1_loss(t[0][1], t[1][1])
            ),
        )
    ],
    "SequencerCriterion": [
        Row(
            lambda: nn.SequencerCriterion(nn.ClassNLLCriterion(), size_average=True),
            [[X, X], [integers(4, 3), integers(4, 3, 1)]],
            lambda t: (F.nll_loss(t[0][0], t[1][0]) + F.nll_loss(t[0][1], t[1][1][:, 0])) / 2,
        ),
        Row(
            lambda: nn.SequencerCriterion(nn.MSECriterion(), size_average=True),
            [normal(5, 2, 3), normal(5, 2, 3)],
            lambda t: F.mse_loss(*t),
        ),
    ],
    "SmoothL1Criterion": [
        Row(
            lambda: nn.SmoothL1Criterion(False, beta=0.4),
            PAIR,
            lambda t: F.smooth_l1_loss(*t, beta=0.4, reduction="sum"),
        )
    ],
    "SoftMarginCriterion": [
        Row(
            lambda: nn.SoftMarginCriterion(False),
            [X, signs(3, 4)],
            lambda t: logistic(t).sum(),
        )
    ],
}

OF_DISTANCES: dict[str, list[Row]] = {
    "DistanceRatioCriterion": [
        Row(
            nn.DistanceRatioCriterion,
            [normal(6), normal(6)],
            lambda t: F.softplus(t[0] - t[1]).mean(),
        ),
        Row(
            lambda: nn.DistanceRatioCriterion(False),
            [[normal(6), normal(6)], normal(6)],
            lambda t: F.softplus(t[0][0] - t[0][1]).sum() + 0 * t[1].sum(),
        ),
    ],
    "TripletMarginCriterion": [
        Row(
            nn.TripletMarginCriterion,
            [normal(6, 4), normal(6, 4), normal(6, 4)],
            lambda t: F.triplet_margin_loss(*t),
            without_torch=OF_PYTORCH,
        ),
        Row(
            lambda: nn.TripletMarginCriterion(2.0, 1.0, 1e-3, True, size_average=False),
            [normal(6, 4), normal(6, 4), normal(6, 4)],
            lambda t: F.triplet_margin_loss(*t, 2.0, 1.0, 1e-3, True, reduction="sum"),
        ),
        Row(
            lambda: nn.TripletMarginCriterion(p=3.0),
            [[normal(6, 4), normal(6, 4), normal(6, 4)], normal(6)],
            lambda t: F.triplet_margin_loss(*t[0], p=3.0) + 0 * t[1].sum(),
        ),
    ],
}
"""Criteria of a table of distances or of vectors, whose target has no effect."""
