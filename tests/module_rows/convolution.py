"""Rows of the layers of frames and images: convolution, pooling, padding."""

from __future__ import annotations

from typing import Any

from graphnet import nn
from tests.module_rows.row import Row, given, normal
from tests.support.oracle import F, torch

IMAGES, IMAGE = normal(2, 3, 6, 7), normal(3, 6, 7)
FRAMES = normal(2, 7, 4)
EQUAL = given([[[[1.0, 1, 0, 2], [1, 1, 2, 2], [0, 3, 3, 3]]]])


def over_frames(x: Any, weight: Any, bias: Any = None, stride: int = 1) -> Any:
    """TemporalConvolution by PyTorch's, which has the channels first."""
    filters = weight.reshape(len(weight), -1, x.shape[-1]).mT
    return F.conv1d(x.mT, filters, bias, stride).mT


def depths(x: Any, *weights: Any) -> Any:
    small = F.conv2d(x, weights[2], weights[3])
    return torch.cat([F.conv2d(x, *weights[:2]), F.pad(small, (1, 1, 0, 1))], -3)


def cropped(x: Any) -> Any:
    return F.pad(x, (-1, 2, 3, -2))


ROWS: dict[str, list[Row]] = {
    "DepthConcat": [
        Row(
            lambda: nn.DepthConcat(
                1, nn.SpatialConvolution(3, 2, 1), nn.SpatialConvolution(3, 4, 3, 2)
            ),
            IMAGES,
            depths,
        ),
        Row(
            lambda: nn.DepthConcat(
                -3, nn.SpatialConvolution(3, 2, 1), nn.SpatialConvolution(3, 4, 3, 2)
            ),
            IMAGE,
            depths,
        ),
    ],
    "SpatialAdaptiveAveragePooling": [
        Row(
            lambda: nn.SpatialAdaptiveAveragePooling(3, 4),
            IMAGES,
            lambda x: F.adaptive_avg_pool2d(x, (4, 3)),
        ),
        Row(
            lambda: nn.SpatialAdaptiveAveragePooling(2),
            IMAGE,
            lambda x: F.adaptive_avg_pool2d(x, 2),
        ),
    ],
    "SpatialAdaptiveMaxPooling": [
        Row(
            lambda: nn.SpatialAdaptiveMaxPooling(3, 4),
            IMAGES,
            lambda x: F.adaptive_max_pool2d(x, (4, 3)),
        ),
        Row(lambda: nn.SpatialAdaptiveMaxPooling(2), IMAGE, lambda x: F.adaptive_max_pool2d(x, 2)),
    ],
    "SpatialAveragePooling": [
        Row(lambda: nn.SpatialAveragePooling(2), IMAGES, lambda x: F.avg_pool2d(x, 2, 1)),
        Row(
            lambda: nn.SpatialAveragePooling(3, 2, 2, 3, 1, 1),
            IMAGE,
            lambda x: F.avg_pool2d(x, (2, 3), (3, 2), 1),
        ),
        Row(
            lambda: nn.SpatialAveragePooling(3, 3, 2, 2, 1, 1, ceil_mode=True),
            IMAGES,
            lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True),
        ),
        Row(
            lambda: nn.SpatialAveragePooling(3, 3, 2, 2, 1, 1, True, count_include_pad=False),
            IMAGES,
            lambda x: F.avg_pool2d(x, 3, 2, 1, True, count_include_pad=False),
        ),
    ],
    "SpatialConvolution": [
        Row(lambda: nn.SpatialConvolution(3, 4, 3), IMAGES, F.conv2d),
        Row(lambda: nn.SpatialConvolution(3, 4, 2, 3), IMAGE, F.conv2d),
        Row(lambda: nn.SpatialConvolution(3, 2, 1, bias=False), IMAGES, F.conv2d),
        Row(
            lambda: nn.SpatialConvolution(3, 4, 3, 2, 2, 3, 1, 0),
            IMAGES,
            lambda x, w, b: F.conv2d(x, w, b, (3, 2), (0, 1)),
        ),
        Row(
            lambda: nn.SpatialConvolution(
                3, 6, 2, 3, padding_width=2, dilation_width=3, dilation_height=2, groups=3
            ),
            IMAGES,
            lambda x, w, b: F.conv2d(x, w, b, 1, 2, (2, 3), 3),
        ),
        Row(
            lambda: nn.SpatialConvolution(4, 6, 3, 3, 2, 1, groups=2, bias=False),
            normal(4, 5, 6),
            lambda x, w: F.conv2d(x, w, None, (1, 2), groups=2),
        ),
        Row(
            lambda: nn.SpatialConvolution(2, 5, 5, padding_width=2),
            normal(3, 2, 9, 20),
            lambda x, w, b: F.conv2d(x, w, b, padding=2),
        ),
    ],
    "SpatialDropout": [
        Row(lambda: nn.SpatialDropout(0.4), IMAGES),
        Row(lambda: nn.SpatialDropout(0.4, stochastic_inference=True).evaluate(), IMAGE),
        Row(lambda: nn.SpatialDropout(0.4).evaluate(), IMAGES, lambda x: x * 0.6),
    ],
    "SpatialFullConvolution": [
        Row(lambda: nn.SpatialFullConvolution(3, 4, 3), IMAGES, F.conv_transpose2d),
        Row(
            lambda: nn.SpatialFullConvolution(3, 2, 3, 2, 2, 3, 1, 1, 1, 2, bias=False),
            IMAGE,
            lambda x, w: F.conv_transpose2d(x, w, None, (3, 2), 1, (2, 1)),
        ),
    ],
    "SpatialMaxPooling": [
        Row(lambda: nn.SpatialMaxPooling(2), IMAGES, lambda x: F.max_pool2d(x, 2)),
        Row(lambda: nn.SpatialMaxPooling(2, 3), IMAGE, lambda x: F.max_pool2d(x, (3, 2))),
        Row(
            lambda: nn.SpatialMaxPooling(3, 2, 2, 1, 1, 1),
            IMAGES,
            lambda x: F.max_pool2d(x, (2, 3), (1, 2), 1),
        ),
        Row(
            lambda: nn.SpatialMaxPooling(2, 2, 2, 2, 1, 1, ceil_mode=True),
            IMAGES,
            lambda x: F.max_pool2d(x, 2, 2, 1, ceil_mode=True),
        ),
        Row(
            lambda: nn.SpatialMaxPooling(2, 2, 3, 3, ceil_mode=True),
            IMAGES,
            lambda x: F.max_pool2d(x, 2, 3, ceil_mode=True),
        ),
        Row(
            lambda: nn.SpatialMaxPooling(2, 2, 1, 1), EQUAL, lambda x: F.max_pool2d(x, 2, 1), False
        ),
    ],
    "SpatialUpSamplingNearest": [
        Row(
            lambda: nn.SpatialUpSamplingNearest(2),
            IMAGES,
            lambda x: F.interpolate(x, scale_factor=2),
        ),
        Row(
            lambda: nn.SpatialUpSamplingNearest(3),
            IMAGE,
            lambda x: F.interpolate(x[None], scale_factor=3)[0],
        ),
    ],
    "SpatialZeroPadding": [
        Row(lambda: nn.SpatialZeroPadding(1), IMAGES, lambda x: F.pad(x, (1, 1, 1, 1))),
        Row(lambda: nn.SpatialZeroPadding(-1, 2, 3, -2), IMAGE, cropped),
        Row(lambda: nn.SpatialZeroPadding(0), IMAGES, lambda x: x),
    ],
    "TemporalConvolution": [
        Row(lambda: nn.TemporalConvolution(4, 3, 2), FRAMES, over_frames),
        Row(
            lambda: nn.TemporalConvolution(4, 3, 3, 2),
            normal(8, 4),
            lambda x, w, b: over_frames(x, w, b, 2),
        ),
        Row(lambda: nn.TemporalConvolution(4, 3, 7, bias=False), FRAMES, over_frames),
    ],
    "TemporalMaxPooling": [
        Row(lambda: nn.TemporalMaxPooling(2), FRAMES, lambda x: F.max_pool1d(x.mT, 2).mT),
        Row(
            lambda: nn.TemporalMaxPooling(3, 2),
            normal(8, 3),
            lambda x: F.max_pool1d(x.mT, 3, 2).mT,
        ),
    ],
}
