"""Batch normalisation: with the statistics of a batch in training, running ones in evaluation."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from graphnet.errors import ShapeError
from graphnet.graph import Buffer, Module, Parameter
from graphnet.graph.tracing.tracing import live_rows
from graphnet.graph.values.parameter import Initialise
from graphnet.graph.values.table import describe, is_table
from graphnet.nn import init
from graphnet.nn.layers.linear import positive
from graphnet.ops import maximum, sqrt, where

__all__ = ["BatchNorm1d", "BatchNorm2d", "BatchNormalization", "SpatialBatchNormalization"]


class FeatureNormalization(Module):
    """What the kinds of batch normalisation have in common: the features are axis 1."""

    shapes: ClassVar[tuple[str, ...]]
    """The shapes of an input, with ``{}`` for the number of features."""

    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float = 0.1, affine: bool = True
    ) -> None:
        self.num_features = positive(f"{type(self).__name__}: num_features", num_features)
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        shape = (num_features,)
        self.weight = Parameter(shape, self.first_weight()) if affine else None
        self.bias = Parameter(shape, init.constant(0.0)) if affine else None
        self.running_mean = Buffer(shape, init.constant(0.0))
        self.running_var = Buffer(shape, init.constant(1.0))

    @abstractmethod
    def first_weight(self) -> Initialise:
        """The values that ``weight`` starts from."""

    def compute(self, x: Any) -> Any:
        shape = self._shape_of_features(x)
        if self.training:
            mean, variance, count = statistics(x, live_rows(x))
            self._follow(mean, variance, count)
        else:
            mean, variance = self.running_mean.reshape(shape), self.running_var.reshape(shape)
        y = (x - mean) / sqrt(variance + self.eps)
        if self.weight is not None and self.bias is not None:
            y = y * self.weight.reshape(shape) + self.bias.reshape(shape)
        return y

    def _follow(self, mean: Any, variance: Any, count: Any) -> None:
        """Move the running statistics towards those of a batch of ``count`` values."""
        unbiased = variance * (count / maximum(count - 1, 1))
        for running, new in ((self.running_mean, mean), (self.running_var, unbiased)):
            value = running * (1 - self.momentum) + new.reshape(running.shape) * self.momentum
            is_known = isinstance(count, int)
            running.write(value if is_known else where(count > 1, value, running))

    def _shape_of_features(self, x: Any) -> tuple[int, ...]:
        """The shape of what has an entry for each feature, to broadcast with the input.

        In evaluation one sample without the axis of the batch will do.
        """
        n, counts = self.num_features, [shape.count(",") + 1 for shape in self.shapes]
        if not is_table(x) and x.ndim in counts and x.shape[1] == n:
            if self.training and x.size < 2 * n:
                raise ShapeError(
                    f"has {x.size // n} values of each feature in {x.shape}, and no variance",
                    "A batch to train on has two or more; net.evaluate() takes one.",
                )
            return (1, n, *[1] * (x.ndim - 2))
        if not is_table(x) and x.ndim + 1 == counts[0] and x.shape[0] == n and not self.training:
            return (n, *[1] * (x.ndim - 1))
        expected = " or ".join(shape.format(n) for shape in self.shapes)
        raise ShapeError(f"expects an array {expected}, received {describe(x)}")


def statistics(x: Any, live: Any) -> tuple[Any, Any, Any]:
    """Mean and variance of each feature, (1, features, 1, …), and of how many values they are.

    Where some rows are padding, ``live`` (batch,) says which are not, and these alone count.
    """
    axes = tuple(axis for axis in range(x.ndim) if axis != 1)
    if live is None:
        mean = x.mean(axes, keepdims=True)
        centred = x - mean
        return mean, (centred * centred).mean(axes, keepdims=True), x.size // x.shape[1]
    weights = live.astype(x.dtype).reshape((-1, *[1] * (x.ndim - 1)))
    count = weights.sum() * (x.size // (x.shape[0] * x.shape[1]))
    share = weights / maximum(count, 1)
    mean = (x * share).sum(axes, keepdims=True)
    centred = x - mean
    return mean, (centred * centred * share).sum(axes, keepdims=True), count


class BatchNormalization(FeatureNormalization):
    """Each feature of a batch scaled to mean 0 and variance 1, times ``weight``, plus ``bias``.

    (batch, features) to (batch, features), in evaluation also (features,). In training mean and
    variance are those of the batch, and ``running_mean`` and ``running_var``, buffers (features,),
    follow: ``(1 - momentum) * running + momentum * value``, of the unbiased variance. In evaluation
    these normalise. ``eps`` is added to the (biased) variance; without ``affine`` there are no
    ``weight`` and ``bias``, which start uniform in [0, 1) and at zero, as in Torch's
    nn/BatchNormalization.lua (``nn.BatchNorm1d`` starts at one). Ioffe & Szegedy 2015, "Batch
    normalization".

    Inside a sequence each step has statistics of its own, which the running ones follow step by
    step; rows that are padding at a step do not count (``lengths`` and ``mask_zero`` of
    ``nn.Recurrent``), and a step with less than two others leaves the running ones as they are.

    Raises ValueError for ``num_features`` below 1, ShapeError for another shape, and in training
    for a batch of one.

    >>> import numpy as np
    >>> layer = BatchNormalization(2)
    >>> y = layer.forward(np.array([[1.0, 2.0], [3.0, 8.0]]))
    >>> layer.running_mean.data, layer.running_var.data
    (array([0.2, 0.5]), array([1.1, 2.7]))
    """

    shapes = ("(batch, {})",)

    def first_weight(self) -> Initialise:
        return unit_interval


class SpatialBatchNormalization(FeatureNormalization):
    """``BatchNormalization`` of images: each channel has its statistics over batch and pixels.

    (batch, features, height, width) to the same shape, in evaluation also without batch; all else
    is as in ``BatchNormalization``. Torch's nn/SpatialBatchNormalization.lua. Raises ValueError for
    ``num_features`` below 1, ShapeError for another shape.
    """

    shapes = ("(batch, {}, height, width)",)

    def first_weight(self) -> Initialise:
        return unit_interval


class BatchNorm1d(FeatureNormalization):
    """``BatchNormalization`` as in PyTorch: ``weight`` starts at one, and there may be steps.

    (batch, features) or (batch, features, steps) to the same shape; a feature has its statistics
    over batch and steps. Raises ValueError for ``num_features`` below 1, ShapeError for another
    shape.
    """

    shapes = ("(batch, {})", "(batch, {}, steps)")

    def first_weight(self) -> Initialise:
        return init.constant(1.0)


class BatchNorm2d(FeatureNormalization):
    """``SpatialBatchNormalization`` as in PyTorch: ``weight`` starts at one.

    (batch, features, height, width) to the same shape. Raises ValueError for ``num_features`` below
    1, ShapeError for another shape.
    """

    shapes = ("(batch, {}, height, width)",)

    def first_weight(self) -> Initialise:
        return init.constant(1.0)


def unit_interval(shape: Any, generator: Any) -> Any:
    """Uniform in [0, 1), Torch's start of the weights."""
    return generator.uniform(0.0, 1.0, shape)
