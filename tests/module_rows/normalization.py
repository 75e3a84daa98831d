"""Rows of batch, group and weight normalisation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphnet import nn
from graphnet.graph import Module
from tests.module_rows.row import Row, X, normal
from tests.support.oracle import F, torch

YOUNGER = "younger than Torch's nn"
OF_PYTORCH = "PyTorch's"
IMAGES = normal(3, 4, 2, 3)
MEAN, VARIANCE = np.array([0.5, -1.0, 0.0, 2.0]), np.array([1.0, 0.3, 2.0, 0.7])


def run_in(make: Callable[[], Any]) -> Callable[[], Module]:
    """One in evaluation mode, with running statistics."""

    def made() -> Module:
        module = make().evaluate()
        module.running_mean[...], module.running_var[...] = MEAN, VARIANCE
        return module

    return made


def batch_norm(x: Any, w: Any = None, b: Any = None) -> Any:
    return F.batch_norm(x, None, None, w, b, training=True)


def running_norm(x: Any, w: Any = None, b: Any = None) -> Any:
    running = torch.tensor(MEAN), torch.tensor(VARIANCE)
    return F.batch_norm(x, *running, w, b)


def weight_norm(x: Any, g: Any, v: Any, b: Any = None) -> Any:
    return F.linear(x, v * (g[:, None] / torch.linalg.vector_norm(v, dim=1, keepdim=True)), b)


ROWS: dict[str, list[Row]] = {
    "BatchNorm1d": [
        Row(lambda: nn.BatchNorm1d(4), X, batch_norm, without_torch=OF_PYTORCH),
        Row(lambda: nn.BatchNorm1d(4), normal(3, 4, 5), batch_norm),
        Row(run_in(lambda: nn.BatchNorm1d(4)), normal(3, 4, 5), running_norm),
    ],
    "BatchNorm2d": [
        Row(lambda: nn.BatchNorm2d(4), IMAGES, batch_norm, without_torch=OF_PYTORCH),
        Row(run_in(lambda: nn.BatchNorm2d(4, affine=False)), IMAGES, running_norm),
    ],
    "BatchNormalization": [
        Row(lambda: nn.BatchNormalization(4), X, batch_norm),
        Row(lambda: nn.BatchNormalization(4, affine=False), X, batch_norm),
        Row(
            lambda: nn.BatchNormalization(4, 0.1, 0.5),
            X,
            lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True, eps=0.1),
        ),
        Row(run_in(lambda: nn.BatchNormalization(4)), X, running_norm),
    ],
    "GroupNorm": [
        Row(
            lambda: nn.GroupNorm(2, 4),
            IMAGES,
            lambda x, w, b: F.group_norm(x, 2, w, b),
            without_torch=YOUNGER,
        ),
        Row(lambda: nn.GroupNorm(1, 4, 0.1), X, lambda x, w, b: F.group_norm(x, 1, w, b, 0.1)),
        Row(
            lambda: nn.GroupNorm(4, 4, affine=False),
            normal(3, 4, 5),
            lambda x: F.group_norm(x, 4),
        ),
    ],
    "RMSNorm": [
        Row(lambda: nn.RMSNorm(4), X, lambda x, w: F.rms_norm(x, (4,), w), without_torch=YOUNGER),
        Row(
            lambda: nn.RMSNorm(4, 0.1, False),
            normal(2, 3, 4),
            lambda x: F.rms_norm(x, (4,), eps=0.1),
        ),
    ],
    "SpatialBatchNormalization": [
        Row(lambda: nn.SpatialBatchNormalization(4), IMAGES, batch_norm),
        Row(lambda: nn.SpatialBatchNormalization(4, affine=False), IMAGES, batch_norm),
        Row(run_in(lambda: nn.SpatialBatchNormalization(4)), IMAGES, running_norm),
    ],
    "WeightNorm": [
        Row(lambda: nn.WeightNorm(nn.Linear(4, 2)), X, weight_norm),
        Row(lambda: nn.WeightNorm(nn.Linear(4, 2, bias=False)), normal(2, 3, 4), weight_norm),
        Row(
            lambda: nn.WeightNorm(nn.Linear(4, 2), axis=1),
            X,
            lambda x, g, v, b: F.linear(x, v * (g / torch.linalg.vector_norm(v, dim=0)), b),
        ),
        Row(
            lambda: nn.WeightNorm(nn.Bilinear(4, 3, 2), parameter="bias"),
            [normal(5, 4), normal(5, 3)],
            lambda t, g, w, b: F.bilinear(*t, w, g * b / b.abs()),
        ),
    ],
}
