"""Linear layers of which a part is computed, and the maximum of several: PartialLinear, Maxout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphnet.graph import Module, Parameter
from graphnet.ir.core.types import NDArray
from graphnet.nn import init
from graphnet.nn.layers.linear import positive, require_features
from graphnet.ops import take

__all__ = ["Maxout", "PartialLinear"]


class PartialLinear(Module):
    """A Linear of which only some outputs are computed: (…, in_features) to (…, n).

    ``partition`` lists n outputs, counted from 0, None means all; ``set_partition(indices)`` and
    ``reset_partition()`` change it, so that the whole layer is kept and learned in parts.
    ``weight`` is (out_features, in_features) and starts standard normal, ``bias`` (out_features,)
    or None starts at 0, as in Torch's nn/PartialLinear.lua. Raises ValueError for a size below 1 or
    an index out of range, ShapeError for another size of the last axis.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        partition: NDArray | Sequence[int] | None = None,
    ) -> None:
        self.in_features = positive("PartialLinear: in_features", in_features)
        self.out_features = positive("PartialLinear: out_features", out_features)
        self.weight = Parameter((out_features, in_features), init.normal())
        self.bias = Parameter((out_features,), init.constant(0.0)) if bias else None
        self.partition = None if partition is None else chosen_outputs(partition, out_features)

    def set_partition(self, indices: NDArray | Sequence[int]) -> None:
        """Compute only these outputs, in this order; raises ValueError if one is not there."""
        self.partition = chosen_outputs(indices, self.out_features)

    def reset_partition(self) -> None:
        """Compute all outputs again."""
        self.partition = None

    def compute(self, x: Any) -> Any:
        require_features(x, self.in_features)
        weight, bias = self.weight, self.bias
        if self.partition is not None:
            weight = take(weight, self.partition)
            bias = None if bias is None else take(bias, self.partition)
        y = x @ weight.T
        return y if bias is None else y + bias


def chosen_outputs(indices: NDArray | Sequence[int], count: int) -> NDArray:
    """The indices as an array; raises ValueError unless all are from 0 to ``count - 1``."""
    chosen = np.asarray(indices)
    is_list = chosen.ndim == 1 and chosen.size and chosen.dtype.kind in "iu"
    if not is_list or chosen.min() < 0 or chosen.max() >= count:
        raise ValueError(
            f"PartialLinear: partition is {indices!r:.60}, expected whole numbers, 0 to {count - 1}"
        )
    return chosen.astype(np.int64)


class Maxout(Module):
    """The maximum of several linear maps: (…, in_features) to (…, out_features).

    ``weight`` (pieces out_features, in_features) and ``bias`` are those of one Linear, and
    ``preprocess`` is a module applied to its outputs (…, pieces, out_features) before the maximum
    over the pieces, dropout for instance. Goodfellow et al. 2013, "Maxout networks"; Torch's
    nn/Maxout.lua. Raises ValueError for a size below 1, ShapeError for another size of the last
    axis.
    """

    def __init__(
        self, in_features: int, out_features: int, pieces: int, preprocess: Module | None = None
    ) -> None:
        self.in_features = positive("Maxout: in_features", in_features)
        self.out_features = positive("Maxout: out_features", out_features)
        self.pieces = positive("Maxout: pieces", pieces)
        start = init.fan_in_uniform(in_features)
        self.weight = Parameter((pieces * out_features, in_features), start)
        self.bias = Parameter((pieces * out_features,), start)
        self.preprocess = preprocess

    def compute(self, x: Any) -> Any:
        require_features(x, self.in_features)
        y = x @ self.weight.T + self.bias
        y = y.reshape((*y.shape[:-1], self.pieces, self.out_features))
        if self.preprocess is not None:
            y = self.preprocess.call(y)
        return y.max(-2)
