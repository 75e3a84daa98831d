"""Pooling: the maximum or the mean of windows of frames and of images, and of given numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnet.errors import ShapeError
from graphnet.graph import Module
from graphnet.ir.core.types import NDArray
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
from graphnet.ops import concatenate, window_maxima, windows

__all__ = [
    "SpatialAdaptiveAveragePooling",
    "SpatialAdaptiveMaxPooling",
    "SpatialAveragePooling",
    "SpatialMaxPooling",
    "TemporalMaxPooling",
]


class TemporalMaxPooling(Module):
    """The maximum of windows of frames: (batch, steps, features) to (batch, windows, features).

    A window has ``kernel_width`` frames and begins ``stride_width`` frames (by default as many)
    after the one before. Without the batch axis, too. Of equal entries the first has the gradient.
    Torch's nn/TemporalMaxPooling.lua. Raises ValueError for a size below 1, ShapeError for too few
    frames.
    """

    def __init__(self, kernel_width: int, stride_width: int | None = None) -> None:
        self.kernel_width = positive("TemporalMaxPooling: kernel_width", kernel_width)
        stride = kernel_width if stride_width is None else stride_width
        self.stride_width = positive("TemporalMaxPooling: stride_width", stride)

    def compute(self, x: Any) -> Any:
        frames = require_frames(x)
        if frames.shape[1] < self.kernel_width:
            raise ShapeError(
                f"has a kernel of {self.kernel_width} frames and receives {frames.shape[1]}",
                "The kernel must fit into the sequence.",
            )
        y = window_maxima(frames, [1], [self.kernel_width], self.stride_width)
        return unbatched(y, x)


class SpatialMaxPooling(Module):
    """The maximum of windows of images: (batch, channels, height, width) to (…, rows, columns).

    There are ``rows = (height + 2 padding_height - kernel_height) // stride_height + 1``, and
    columns alike; with ``ceil_mode`` the division is rounded up, if that window begins inside the
    images. A batch axis may be missing. Heights are as widths, strides as kernels where they are
    None. Of equal entries the first has the gradient. Torch's nn/SpatialMaxPooling.lua. Raises
    ValueError for a size below 1 and a padding over half of the kernel, ShapeError for images
    smaller than the kernel.
    """

    def __init__(
        self,
        kernel_width: int,
        kernel_height: int | None = None,
        stride_width: int | None = None,
        stride_height: int | None = None,
        padding_width: int = 0,
        padding_height: int = 0,
        ceil_mode: bool = False,
    ) -> None:
        self.kernel_width, self.kernel_height = of_axes(self, "kernel", kernel_width, kernel_height)
        width = self.kernel_width if stride_width is None else stride_width
        height = self.kernel_height if stride_height is None else stride_height
        self.stride_width, self.stride_height = of_axes(self, "stride", width, height)
        self.padding_width, self.padding_height = of_axes(
            self, "padding", padding_width, padding_height, 0
        )
        self.ceil_mode = ceil_mode
        require_half(self)

    def compute(self, x: Any) -> Any:
        images = require_images(x)
        _, after = placed(self, images)
        lowest = -np.inf if x.dtype.kind == "f" else -(2 ** (8 * x.dtype.itemsize - 1))
        surrounded = padded(images, padding_of(self), after, lowest)
        return unbatched(window_maxima(surrounded, [2, 3], kernel_of(self), stride_of(self)), x)


class SpatialAveragePooling(Module):
    """The mean of windows of images: (batch, channels, height, width) to (…, rows, columns).

    Sizes as those of ``SpatialMaxPooling``, but for the strides, which are 1 by default. The mean
    is that of all entries of the kernel, zeros of the padding too, or of those inside the images
    without ``count_include_pad``. Torch's nn/SpatialAveragePooling.lua. Raises ValueError for a
    size below 1 and a padding over half of the kernel, ShapeError for images smaller than the
    kernel.
    """

    def __init__(
        self,
        kernel_width: int,
        kernel_height: int | None = None,
        stride_width: int = 1,
        stride_height: int = 1,
        padding_width: int = 0,
        padding_height: int = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        self.kernel_width, self.kernel_height = of_axes(self, "kernel", kernel_width, kernel_height)
        self.stride_width, self.stride_height = of_axes(self, "stride", stride_width, stride_height)
        self.padding_width, self.padding_height = of_axes(
            self, "padding", padding_width, padding_height, 0
        )
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        require_half(self)

    def compute(self, x: Any) -> Any:
        images = require_images(x)
        counts, after = placed(self, images)
        surrounded = padded(images, padding_of(self), after)
        totals = windows(surrounded, [2, 3], kernel_of(self), stride_of(self)).sum((-2, -1))
        rows, columns = (
            self.entries(n, count, axis)
            for axis, (n, count) in enumerate(zip(images.shape[2:], counts, strict=True))
        )
        return unbatched(totals * (1 / np.outer(rows, columns)), x)

    def entries(self, n: int, count: int, axis: int) -> NDArray:
        """How many entries of an axis each window has a mean of."""
        kernel, padding = kernel_of(self)[axis], padding_of(self)[axis]
        start = np.arange(count) * stride_of(self)[axis] - padding
        around = padding if self.count_include_pad else 0
        first, last = np.maximum(start, -around), np.minimum(start + kernel, n + around)
        return last - first


class SpatialAdaptiveMaxPooling(Module):
    """The maxima of ``height`` by ``width`` parts of images: (…, height, width) of each channel.

    Part i of n begins at ``i size // n`` and ends before ``ceil((i + 1) size / n)``. A batch axis
    may be missing. Of equal entries the first has the gradient. Torch's
    nn/SpatialAdaptiveMaxPooling.lua. Raises ValueError for a size below 1.
    """

    def __init__(self, width: int, height: int | None = None) -> None:
        self.width, self.height = of_both(self, width, height)

    def compute(self, x: Any) -> Any:
        images = require_images(x)
        rows = []
        for top, bottom in parts(images.shape[2], self.height):
            strip = images[:, :, top:bottom]
            columns = parts(images.shape[3], self.width)
            maxima = [largest(strip[..., left:right]) for left, right in columns]
            rows.append(concatenate(maxima, 3))
        return unbatched(concatenate(rows, 2), x)


class SpatialAdaptiveAveragePooling(Module):
    """The means of ``height`` by ``width`` parts of images: (…, height, width) of each channel.

    Parts as in ``SpatialAdaptiveMaxPooling``. A batch axis may be missing. Torch's
    nn/SpatialAdaptiveAveragePooling.lua. Raises ValueError for a size below 1.
    """

    def __init__(self, width: int, height: int | None = None) -> None:
        self.width, self.height = of_both(self, width, height)

    def compute(self, x: Any) -> Any:
        images = require_images(x)
        by_rows = means(images.shape[2], self.height).astype(x.dtype)
        by_columns = means(images.shape[3], self.width).astype(x.dtype)
        return unbatched(by_rows @ (images @ by_columns.T), x)


def of_both(layer: Any, width: int, height: int | None) -> Pair:
    name = type(layer).__name__
    height = width if height is None else height
    return positive(f"{name}: width", width), positive(f"{name}: height", height)


def require_half(layer: Any) -> None:
    """Raise ValueError for a padding in which a window could lie as a whole."""
    for padding, kernel in zip(padding_of(layer), kernel_of(layer), strict=True):
        if 2 * padding > kernel:
            raise ValueError(
                f"{type(layer).__name__}: padding is {padding}, expected at most half of the "
                f"kernel's {kernel}"
            )


def placed(layer: Any, images: Any) -> tuple[list[int], Pair]:
    """The number of windows along height and width, and the padding behind the last ones."""
    kernel, stride, padding = kernel_of(layer), stride_of(layer), padding_of(layer)
    require_kernel(images, kernel, padding)
    counts, after = [], []
    for n, size, step, before in zip(images.shape[2:], kernel, stride, padding, strict=True):
        room = n + 2 * before - size
        count = (-(-room // step) if layer.ceil_mode else room // step) + 1
        if layer.ceil_mode and (count - 1) * step >= n + before:
            count -= 1  # the last window begins inside the images
        counts.append(count)
        after.append((count - 1) * step + size - n - before)
    return counts, (after[0], after[1])


def parts(n: int, count: int) -> list[Pair]:
    return [(i * n // count, -(-(i + 1) * n // count)) for i in range(count)]


def means(n: int, count: int) -> NDArray:
    """The matrix (count, n) of the means of the parts of an axis."""
    matrix = np.zeros((count, n))
    for row, (start, stop) in zip(matrix, parts(n, count), strict=True):
        row[start:stop] = 1 / (stop - start)
    return matrix


def largest(x: Any) -> Any:
    return window_maxima(x, [2, 3], x.shape[2:])
