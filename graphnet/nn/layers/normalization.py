"""Normalisation of activations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphnet.errors import ShapeError
from graphnet.graph import Module, Parameter
from graphnet.graph.values.table import describe, is_table
from graphnet.nn import init
from graphnet.nn.layers.linear import positive
from graphnet.ops import sqrt

__all__ = ["GroupNorm", "LayerNorm", "RMSNorm"]


class LayerNorm(Module):
    """The last axis scaled to mean 0 and variance 1, times ``weight``, plus ``bias``.

    (…, size) to (…, size); ``weight`` and ``bias`` are (size,) and start at one and zero; ``bias``
    may be None. ``eps`` is added to the variance. Ba et al. 2016, "Layer normalization". Raises
    ValueError for a size below 1, ShapeError for another size of the last axis.
    """

    def __init__(self, size: int, eps: float = 1e-5, bias: bool = True) -> None:
        self.size = positive("LayerNorm: size", size)
        self.eps = eps
        self.weight = Parameter((size,), init.constant(1.0))
        self.bias = Parameter((size,), init.constant(0.0)) if bias else None

    def compute(self, x: Any) -> Any:
        if is_table(x) or x.shape[-1:] != (self.size,):
            raise ShapeError(f"expects an array (…, {self.size}), received {describe(x)}")
        centred = x - x.mean(-1, keepdims=True)
        variance = (centred * centred).mean(-1, keepdims=True)
        y = centred / sqrt(variance + self.eps) * self.weight
        return y + self.bias if self.bias else y


class RMSNorm(Module):
    """The last axis divided by its root mean square, times ``weight``.

    (…, size) to (…, size); ``weight`` (size,) starts at one, and is None without
    ``elementwise_affine``. ``eps`` is added to the mean square: by default the distance from 1 to
    the next number of the dtype, as in PyTorch. Zhang & Sennrich 2019, "Root mean square layer
    normalization". Raises ValueError for a size below 1, ShapeError for another size of the last
    axis.
    """

    def __init__(
        self, size: int, eps: float | None = None, elementwise_affine: bool = True
    ) -> None:
        self.size = positive("RMSNorm: size", size)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self.weight = Parameter((size,), init.constant(1.0)) if elementwise_affine else None

    def compute(self, x: Any) -> Any:
        if is_table(x) or x.shape[-1:] != (self.size,):
            raise ShapeError(f"expects an array (…, {self.size}), received {describe(x)}")
        eps = float(np.finfo(x.dtype).eps) if self.eps is None else self.eps
        y = x / sqrt((x * x).mean(-1, keepdims=True) + eps)
        return y * self.weight if self.weight else y


class GroupNorm(Module):
    """The channels in groups, each group of a sample scaled to mean 0 and variance 1.

    (batch, channels, …) to the same shape: mean and variance are those of a group's channels over
    all further axes; then times ``weight``, plus ``bias``, both (channels,), which start at one and
    zero and are None without ``affine``. ``eps`` is added to the variance. One group normalises
    whole samples, as many groups as channels each channel by itself. Wu & He 2018, "Group
    normalization". Raises ValueError for a number below 1, and unless ``num_groups`` divides
    ``num_channels``; ShapeError for another number of channels.
    """

    def __init__(
        self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True
    ) -> None:
        self.num_groups = positive("GroupNorm: num_groups", num_groups)
        self.num_channels = positive("GroupNorm: num_channels", num_channels)
        if num_channels % num_groups:
            raise ValueError(
                f"GroupNorm: {num_channels} channels, expected a multiple of {num_groups} groups"
            )
        self.eps = eps
        self.affine = affine
        shape = (num_channels,)
        self.weight = Parameter(shape, init.constant(1.0)) if affine else None
        self.bias = Parameter(shape, init.constant(0.0)) if affine else None

    def compute(self, x: Any) -> Any:
        if is_table(x) or x.ndim < 2 or x.shape[1] != self.num_channels:
            raise ShapeError(
                f"expects an array (batch, {self.num_channels}, …), received {describe(x)}"
            )
        size = math.prod(x.shape[1:]) // self.num_groups
        groups = x.reshape((x.shape[0], self.num_groups, size))
        centred = groups - groups.mean(-1, keepdims=True)
        variance = (centred * centred).mean(-1, keepdims=True)
        y = (centred / sqrt(variance + self.eps)).reshape(x.shape)
        if self.weight is None or self.bias is None:
            return y
        shape = (1, self.num_channels, *[1] * (x.ndim - 2))
        return y * self.weight.reshape(shape) + self.bias.reshape(shape)
