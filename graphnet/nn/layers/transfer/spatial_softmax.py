"""Softmax over the features of each place of a picture."""

from __future__ import annotations

from typing import Any

from graphnet.errors import ShapeError
from graphnet.graph import Module
from graphnet.nn.layers.tables import require_array
from graphnet.ops import log_softmax, softmax

__all__ = ["SpatialLogSoftMax", "SpatialSoftMax"]


class SpatialSoftMax(Module):
    """Probabilities over the features of each place: any of the shapes below to the same.

    The features are the axis of (n,), (batch, n), (n, height, width) or (batch, n, height, width)
    whose size is n. Torch's nn/SpatialSoftMax.lua. Raises ShapeError for another number of axes,
    DtypeError for integers, GraphError for a table.
    """

    def compute(self, x: Any) -> Any:
        return softmax(x, feature_axis(x))


class SpatialLogSoftMax(Module):
    """The logarithms of SpatialSoftMax, in nats; shapes and errors are those of it.

    Torch's nn/SpatialLogSoftMax.lua.
    """

    def compute(self, x: Any) -> Any:
        return log_softmax(x, feature_axis(x))


def feature_axis(x: Any) -> int:
    """The axis of the features of one picture or a batch; raises ShapeError for other shapes."""
    if not 1 <= require_array(x).ndim <= 4:
        raise ShapeError(
            f"expects (features, height, width) or (batch, features, height, width), "
            f"received {x.shape}",
            "nn.SoftMax(axis) takes any number of axes.",
        )
    return 0 if x.ndim % 2 else 1
