"""Convolution: over the frames of a sequence, and over images with channels first."""

from __future__ import annotations

from typing import Any

from graphnet.errors import ShapeError
from graphnet.graph import Module, Parameter
from graphnet.nn import init
from graphnet.nn.images.sizes import (
    Pair,
    kernel_of,
    of_axes,
    padded,
    padding_of,
    require_frames,
    require_images,
    require_kernel,
    stride_of,
    unbatched,
)
from graphnet.nn.layers.linear import positive
from graphnet.ops import einsum, overlap_add, windows

__all__ = ["SpatialConvolution", "SpatialFullConvolution", "TemporalConvolution"]


class TemporalConvolution(Module):
    """An affine map of each window of frames: (batch, steps, in) to (batch, windows, out).

    A window has ``kernel_width`` frames, and begins ``stride_width`` frames after the one before;
    there are ``(steps - kernel_width) // stride_width + 1``. Without the batch axis, too.
    ``weight`` is (out, kernel_width in), frame after frame, ``bias`` (out,) or None; both start
    uniform within ``1 / sqrt(kernel_width in)``. Torch's nn/TemporalConvolution.lua. Raises
    ValueError for a size below 1, ShapeError for other features or too few frames.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_width: int,
        stride_width: int = 1,
        bias: bool = True,
    ) -> None:
        self.in_channels = positive("TemporalConvolution: in_channels", in_channels)
        self.out_channels = positive("TemporalConvolution: out_channels", out_channels)
        self.kernel_width = positive("TemporalConvolution: kernel_width", kernel_width)
        self.stride_width = positive("TemporalConvolution: stride_width", stride_width)
        start = init.fan_in_uniform(in_channels * kernel_width)
        self.weight = Parameter((out_channels, kernel_width * in_channels), start)
        self.bias = Parameter((out_channels,), start) if bias else None

    def compute(self, x: Any) -> Any:
        frames = require_frames(x, self.in_channels)
        if frames.shape[1] < self.kernel_width:
            raise ShapeError(
                f"has a kernel of {self.kernel_width} frames and receives {frames.shape[1]}",
                "The kernel must fit into the sequence.",
            )
        found = windows(frames, [1], [self.kernel_width], self.stride_width)
        shape = (self.out_channels, self.kernel_width, self.in_channels)
        y = einsum("btck,okc->bto", found, self.weight.reshape(shape))
        return unbatched(y + self.bias if self.bias else y, x)


class SpatialConvolution(Module):
    """A convolution of images: (batch, in, height, width) to (batch, out, rows, columns).

    There are ``rows = (height + 2 padding_height - dilation_height (kernel_height - 1) - 1) //
    stride_height + 1``, and columns alike; a batch axis may be missing. Each of ``groups`` of
    output channels sees its own part of the input channels. A height that is None is as the width.
    ``weight`` is (out, in / groups, kernel_height, kernel_width), ``bias`` (out,) or None;
    both start uniform within ``1 / sqrt(entries of a filter)``. Torch's
    nn/SpatialConvolution.lua, nn/SpatialDilatedConvolution.lua; LeCun et al. 1989. Raises
    ValueError for a size below 1, a negative padding and channels that groups do not divide,
    ShapeError for other channels and for images smaller than the kernel.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_width: int,
        kernel_height: int | None = None,
        stride_width: int = 1,
        stride_height: int = 1,
        padding_width: int = 0,
        padding_height: int | None = None,
        dilation_width: int = 1,
        dilation_height: int = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        name = "SpatialConvolution"
        self.in_channels = positive(f"{name}: in_channels", in_channels)
        self.out_channels = positive(f"{name}: out_channels", out_channels)
        self.groups = positive(f"{name}: groups", groups)
        if in_channels % groups or out_channels % groups:
            raise ValueError(
                f"{name}: groups is {groups}, expected a divisor of {in_channels} and "
                f"{out_channels} channels"
            )
        self.kernel_width, self.kernel_height = of_axes(self, "kernel", kernel_width, kernel_height)
        self.stride_width, self.stride_height = of_axes(self, "stride", stride_width, stride_height)
        self.padding_width, self.padding_height = of_axes(
            self, "padding", padding_width, padding_height, 0
        )
        self.dilation_width, self.dilation_height = of_axes(
            self, "dilation", dilation_width, dilation_height
        )
        filters = (in_channels // groups, self.kernel_height, self.kernel_width)
        start = init.fan_in_uniform(filters[0] * filters[1] * filters[2])
        self.weight = Parameter((out_channels, *filters), start)
        self.bias = Parameter((out_channels,), start) if bias else None

    def compute(self, x: Any) -> Any:
        images = require_images(x, self.in_channels)
        kernel, stride, padding = kernel_of(self), stride_of(self), padding_of(self)
        dilation = (self.dilation_height, self.dilation_width)
        height, width = (d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True))
        require_kernel(images, (height, width), padding)
        images = padded(images, padding, padding)
        if self.groups == 1:
            found = windows(images, [2, 3], kernel, stride, dilation)
            y = einsum("ockl,ncyxkl->noyx", self.weight, found)
        else:
            y = self.by_groups(images, kernel, stride, dilation)
        return unbatched(y + self.bias.reshape(-1, 1, 1) if self.bias else y, x)

    def by_groups(self, images: Any, kernel: Pair, stride: Pair, dilation: Pair) -> Any:
        """The convolution of each group of channels with filters of its own."""
        groups, (batch, _, *size) = self.groups, images.shape
        grouped = images.reshape((batch, groups, -1, *size))
        found = windows(grouped, [3, 4], kernel, stride, dilation)
        filters = self.weight.reshape((groups, -1, *self.weight.shape[1:]))
        y = einsum("gockl,ngcyxkl->ngoyx", filters, found)
        return y.reshape((batch, self.out_channels, *y.shape[3:]))


class SpatialFullConvolution(Module):
    """The transpose of a convolution: (batch, in, height, width) to (batch, out, rows, columns).

    It has ``rows = (height - 1) stride_height - 2 padding_height + kernel_height +
    adjustment_height``, and columns alike; a batch axis may be missing. A height that is None is
    as the width. ``weight`` is (in, out, kernel_height, kernel_width), ``bias``
    (out,) or None; both start uniform within ``1 / sqrt(kernel entries in)``. Torch's
    nn/SpatialFullConvolution.lua. Raises ValueError for a size below 1, a negative padding, and an
    adjustment that is no less than the stride, ShapeError for other channels.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_width: int,
        kernel_height: int | None = None,
        stride_width: int = 1,
        stride_height: int = 1,
        padding_width: int = 0,
        padding_height: int = 0,
        adjustment_width: int = 0,
        adjustment_height: int = 0,
        bias: bool = True,
    ) -> None:
        name = "SpatialFullConvolution"
        self.in_channels = positive(f"{name}: in_channels", in_channels)
        self.out_channels = positive(f"{name}: out_channels", out_channels)
        self.kernel_width, self.kernel_height = of_axes(self, "kernel", kernel_width, kernel_height)
        self.stride_width, self.stride_height = of_axes(self, "stride", stride_width, stride_height)
        self.padding_width, self.padding_height = of_axes(
            self, "padding", padding_width, padding_height, 0
        )
        self.adjustment_width, self.adjustment_height = of_axes(
            self, "adjustment", adjustment_width, adjustment_height, 0
        )
        if adjustment_width >= stride_width or adjustment_height >= self.stride_height:
            raise ValueError(
                f"{name}: adjustments are {adjustment_width} and {adjustment_height}, expected "
                f"less than the strides {stride_width} and {self.stride_height}"
            )
        kernel = (self.kernel_height, self.kernel_width)
        start = init.fan_in_uniform(in_channels * kernel[0] * kernel[1])
        self.weight = Parameter((in_channels, out_channels, *kernel), start)
        self.bias = Parameter((out_channels,), start) if bias else None

    def compute(self, x: Any) -> Any:
        images = require_images(x, self.in_channels)
        spread = einsum("iokl,niyx->noyxkl", self.weight, images)
        stride, padding = stride_of(self), padding_of(self)
        added = (self.adjustment_height, self.adjustment_width)
        whole = [
            (n - 1) * step + size + more
            for n, step, size, more in zip(
                images.shape[2:], stride, kernel_of(self), added, strict=True
            )
        ]
        shape = (images.shape[0], self.out_channels, *whole)
        if any(n <= 2 * p for n, p in zip(whole, padding, strict=True)):
            raise ShapeError(f"makes images of {whole[0]} x {whole[1]} less padding {padding}")
        y = overlap_add(spread, shape, [2, 3], stride)
        cut = (-padding[0], -padding[1])
        y = padded(y, cut, cut)
        return unbatched(y + self.bias.reshape(-1, 1, 1) if self.bias else y, x)
