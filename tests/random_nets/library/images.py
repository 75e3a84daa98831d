"""Layers of images and of frames, at random sizes; a line each."""

from __future__ import annotations

from tests.random_nets.choices import Choices
from tests.random_nets.library.writing import Shape, Write, fixed, flag, known, width


def window(c: Choices, s: Shape, largest: int = 3) -> str:
    """Kernel, stride and padding, each across and down; a padding is at most half a kernel."""
    kernel = [c.between(1, min(largest, n)) for n in (s[-1], s[-2])]
    stride = [c.between(1, 3) for _ in kernel]
    padding = [c.below(n // 2 + 1) for n in kernel]
    return ", ".join(map(str, (*kernel, *stride, *padding)))


def convolution(c: Choices, s: Shape) -> str:
    groups = c.one_of([n for n in (1, 2, 3) if s[1] % n == 0])
    dilation = f"dilation_width={c.between(1, 2)}, dilation_height={c.between(1, 2)}"
    more = f"{dilation}, groups={groups}, bias={flag(c)}"
    return f"nn.SpatialConvolution({s[1]}, {groups * c.between(1, 3)}, {window(c, s)}, {more})"


def average(c: Choices, s: Shape) -> str:
    return f"nn.SpatialAveragePooling({window(c, s)}, ceil_mode={flag(c)}, count_include_pad={flag(c)})"


def depths(c: Choices, s: Shape) -> str:
    parts = [f"nn.SpatialConvolution({s[1]}, {c.between(1, 2)}, {k})" for k in (1, c.between(1, 3))]
    return f"nn.DepthConcat(1, {', '.join(parts)})"


IMAGES: dict[str, Write] = known(
    {
        "BatchNorm2d": lambda c, s: f"nn.BatchNorm2d({s[1]}, affine={flag(c)})",
        "DepthConcat": depths,
        "SpatialAdaptiveAveragePooling": lambda c, s: (
            f"nn.SpatialAdaptiveAveragePooling({c.between(1, 3)}, {c.between(1, 3)})"
        ),
        "SpatialAdaptiveMaxPooling": lambda c, s: (
            f"nn.SpatialAdaptiveMaxPooling({c.between(1, 3)}, {c.between(1, 3)})"
        ),
        "SpatialAveragePooling": average,
        "SpatialBatchNormalization": lambda c, s: f"nn.SpatialBatchNormalization({s[1]})",
        "SpatialConvolution": convolution,
        "SpatialDropout": fixed("SpatialDropout(0.3)"),
        "SpatialFullConvolution": lambda c, s: (
            f"nn.SpatialFullConvolution({s[1]}, {c.between(1, 3)}, {window(c, s)}, bias={flag(c)})"
        ),
        "SpatialLogSoftMax": fixed("SpatialLogSoftMax()"),
        "SpatialMaxPooling": lambda c, s: (
            f"nn.SpatialMaxPooling({window(c, s)}, ceil_mode={flag(c)})"
        ),
        "SpatialSoftMax": fixed("SpatialSoftMax()"),
        "SpatialUpSamplingNearest": fixed("SpatialUpSamplingNearest(2)"),
        "SpatialZeroPadding": lambda c, s: (
            f"nn.SpatialZeroPadding({', '.join(str(c.between(0, 3) - 1) for _ in range(4))})"
        ),
    }
)
"""Of (batch, channels, height, width)."""

FRAMES: dict[str, Write] = known(
    {
        "BatchNorm1d": lambda c, s: f"nn.BatchNorm1d({s[1]}, affine={flag(c)})",
        "TemporalConvolution": lambda c, s: (
            f"nn.TemporalConvolution({s[-1]}, {width(c)}, {c.between(1, 2)}, {c.between(1, 2)})"
        ),
        "TemporalMaxPooling": lambda c, s: (
            f"nn.TemporalMaxPooling({c.between(1, 2)}, {c.between(1, 2)})"
        ),
    }
)
"""Of (batch, frames, features)."""
