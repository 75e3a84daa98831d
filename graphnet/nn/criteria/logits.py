"""Criteria for yes or no from scores: binary cross-entropy of logits, logistic regression."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphnet.errors import ShapeError
from graphnet.ir.core.types import NDArray
from graphnet.nn.criteria.classification import weighted
from graphnet.nn.criteria.criterion import Criterion, matching, reduced
from graphnet.nn.layers.activation import softplus

__all__ = [
    "BCEWithLogitsCriterion",
    "BinaryLogisticRegression",
    "SpatialBinaryLogisticRegression",
]

Weights = float | Sequence[float] | Sequence[Sequence[float]] | NDArray


class BCEWithLogitsCriterion(Criterion):
    """Binary cross-entropy of ``sigmoid(x)``, exact for scores of any size, in nats.

    The mean of ``-(p t log(sigmoid(x)) + (1 - t) log(1 - sigmoid(x)))``, where p is ``pos_weight``
    (1 by default), by which a right answer of yes counts more. Input (scores) and target, from 0
    to 1, have one shape, any; the loss is (). ``weight`` and ``pos_weight`` have shapes that
    broadcast to the input. Without ``size_average`` the entries are summed. PyTorch's
    BCEWithLogitsLoss. Raises ShapeError if the shapes differ or the weights do not broadcast.
    """

    symbol = "BCE"

    def __init__(
        self,
        weight: Weights | None = None,
        size_average: bool = True,
        pos_weight: Weights | None = None,
    ) -> None:
        self.weight = weight
        self.size_average = size_average
        self.pos_weight = pos_weight

    def loss(self, input: Any, target: Any) -> Any:
        t = matching(input, target)
        if self.pos_weight is None:
            losses = softplus(input, 40.0) - input * t
        else:
            of_no = softplus(-input, 40.0)
            factor = t * (np.asarray(self.pos_weight, dtype=float) - 1.0) + 1.0
            losses = (1.0 - t) * input + factor * of_no
        return reduced(weighted(losses, self.weight), self.size_average)


class BinaryLogisticRegression(Criterion):
    """The mean of ``log(1 + exp(-t x))`` for targets 1 and -1, in nats: SoftMarginCriterion.

    Scores and targets (n,) or (n, 1), in any combination; the loss is (). Without ``size_average``
    it is the sum. Element-Research dpnn's BinaryLogisticRegression.lua. Raises ShapeError for
    other shapes.
    """

    def __init__(self, size_average: bool = True) -> None:
        self.size_average = size_average

    def loss(self, input: Any, target: Any) -> Any:
        t = matching(input, target)
        if input.ndim not in (1, 2) or input.shape[1:] not in ((), (1,)):
            raise ShapeError(f"expects scores (n,) or (n, 1), received {input.shape}")
        return reduced(softplus(-input * t, 40.0), self.size_average)


class SpatialBinaryLogisticRegression(Criterion):
    """Half the mean of ``log(1 + exp(-t x))`` over the pixels of images, for targets 1 and -1.

    Scores and targets (n, 1, height, width) or (1, height, width); the loss is (), in nats. Without
    ``size_average`` the means of the images are summed. Element-Research dpnn's
    SpatialBinaryLogisticRegression.lua. Raises ShapeError for other shapes.
    """

    def __init__(self, size_average: bool = True) -> None:
        self.size_average = size_average

    def loss(self, input: Any, target: Any) -> Any:
        t = matching(input, target)
        if input.ndim not in (3, 4) or input.shape[-3] != 1:
            raise ShapeError(
                f"expects scores (n, 1, height, width) or (1, height, width), "
                f"received {input.shape}"
            )
        images = 1 if self.size_average or input.ndim == 3 else input.shape[0]
        return softplus(-input * t, 40.0).mean() * (0.5 * images)
