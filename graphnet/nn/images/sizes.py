"""Images and frames: the checks and the sizes that convolution and pooling have in common."""

from __future__ import annotations

import operator
from typing import Any

from graphnet.errors import ShapeError
from graphnet.graph.values.table import describe, is_table
from graphnet.graph.values.table_hints import table_hint
from graphnet.ops import pad

Pair = tuple[int, int]
"""Of height and width."""


def require_images(x: Any, channels: int | None = None) -> Any:
    """An array (batch, channels, height, width) or (channels, height, width), as four axes.

    Raises ShapeError for anything else, and for another number of channels.
    """
    wanted = "channels" if channels is None else str(channels)
    if is_table(x) or x.ndim not in (3, 4) or (channels and x.shape[-3] != channels):
        raise ShapeError(
            f"expects images (batch, {wanted}, height, width) or ({wanted}, height, width), "
            f"received {describe(x)}",
            table_hint(x) if is_table(x) else "Channels come before height and width.",
        )
    return x if x.ndim == 4 else x.reshape((1, *x.shape))


def require_frames(x: Any, features: int | None = None) -> Any:
    """An array (batch, steps, features) or (steps, features), as three axes.

    Raises ShapeError for anything else, and for another number of features.
    """
    wanted = "features" if features is None else str(features)
    if is_table(x) or x.ndim not in (2, 3) or (features and x.shape[-1] != features):
        raise ShapeError(
            f"expects frames (batch, steps, {wanted}) or (steps, {wanted}), received {describe(x)}",
            table_hint(x) if is_table(x) else "The last axis holds the features of a frame.",
        )
    return x if x.ndim == 3 else x.reshape((1, *x.shape))


def unbatched(y: Any, x: Any) -> Any:
    """The output for an input that may have had no batch axis."""
    return y.reshape(y.shape[1:]) if x.ndim < y.ndim else y


def padded(x: Any, before: Pair, after: Pair, value: float = 0.0) -> Any:
    """Images with rows and columns of a value around them; negative numbers cut some off."""
    if (before, after) == ((0, 0), (0, 0)):
        return x
    widths = [(0, 0), (0, 0), *zip(before, after, strict=True)]
    return pad(x, widths, value)


def require_kernel(x: Any, extent: Pair, padding: Pair) -> None:
    """Raise ShapeError for a kernel that is larger than the padded images."""
    height, width = (n + 2 * p for n, p in zip(x.shape[2:], padding, strict=True))
    if extent[0] > height or extent[1] > width:
        around = " with padding" if any(padding) else ""
        raise ShapeError(
            f"has a kernel of {extent[0]} x {extent[1]} and receives images of {height} x {width}"
            + around,
            "The kernel must fit into them (height x width).",
        )


def of_axes(layer: Any, what: str, width: int, height: int | None, least: int = 1) -> Pair:
    """A setting for width and height, the height as the width where it is None.

    Raises ValueError for a number below ``least``.
    """
    height = width if height is None else height
    for axis, number in (("width", width), ("height", height)):
        if operator.index(number) < least:
            name = f"{type(layer).__name__}: {what}_{axis}"
            raise ValueError(f"{name} is {number!r}, expected a whole number from {least}")
    return width, height


def kernel_of(layer: Any) -> Pair:
    """Height and width, as the axes of images are in order."""
    return layer.kernel_height, layer.kernel_width


def stride_of(layer: Any) -> Pair:
    return layer.stride_height, layer.stride_width


def padding_of(layer: Any) -> Pair:
    return layer.padding_height, layer.padding_width
