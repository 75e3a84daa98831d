"""Rows of the rectifiers, softmaxes and noises that came after the first ones."""

from __future__ import annotations

from graphnet import nn
from tests.module_rows.entries import YOUNGER
from tests.module_rows.row import Row, X, normal
from tests.support.oracle import F, torch

ROWS: dict[str, list[Row]] = {
    "HardSigmoid": [
        Row(nn.HardSigmoid, X, lambda x: F.hardtanh(x / 6 + 0.5, 0.0, 1.0), without_torch=YOUNGER)
    ],
    "HardSwish": [Row(nn.HardSwish, X, F.hardswish, without_torch=YOUNGER)],
    "Mish": [Row(nn.Mish, X, F.mish, without_torch=YOUNGER)],
    "SELU": [Row(nn.SELU, X, F.selu, without_torch=YOUNGER)],
    "SiLU": [Row(nn.SiLU, X, F.silu, without_torch=YOUNGER)],
    "SpatialLogSoftMax": [
        Row(nn.SpatialLogSoftMax, X, lambda x: F.log_softmax(x, 1)),
        Row(nn.SpatialLogSoftMax, normal(3, 2, 4), lambda x: F.log_softmax(x, 0)),
    ],
    "SpatialSoftMax": [
        Row(nn.SpatialSoftMax, normal(2, 3, 2, 4), lambda x: F.softmax(x, 1)),
        Row(nn.SpatialSoftMax, normal(4), lambda x: F.softmax(x, 0)),
    ],
    "TotalDropout": [
        Row(lambda: nn.TotalDropout(0.3), X),
        Row(lambda: nn.TotalDropout(0.3).evaluate(), X, lambda x: x),
    ],
    "WhiteNoise": [
        Row(lambda: nn.WhiteNoise(0.2, 0.5), X),
        Row(lambda: nn.WhiteNoise(0.2, 0.5).evaluate(), X, lambda x: x + 0.2),
        Row(lambda: nn.WhiteNoise(0.2, 0.0), X, lambda x: torch.add(x, 0.2)),
    ],
}
