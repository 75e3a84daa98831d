"""Reductions of one axis: Sum, Mean, Max, Min, and Normalize, which divides by a norm."""

from __future__ import annotations

from math import inf
from typing import Any

from graphnet.errors import DtypeError
from graphnet.graph import Module
from graphnet.ir.core.types import normalise_axis
from graphnet.nn.layers.linear import above_zero
from graphnet.nn.layers.tables import batched_axis, require_array
from graphnet.ops import absolute

__all__ = ["Max", "Mean", "Min", "Normalize", "Sum"]


def own_axis(axis: int, x: Any, input_dims: int | None) -> int:
    """The axis counted from 0, after a batch axis if there is one."""
    return normalise_axis(batched_axis(axis, require_array(x).ndim, input_dims), x.ndim)


def at_least_vector(x: Any) -> Any:
    """x, or a vector of one entry if no axis is left: Torch has no arrays without axes."""
    return x if x.ndim else x.reshape(1)


class Sum(Module):
    """The sum along ``axis``: (…, n, …) to (…, …), or (…, 1, …) with ``squeeze=False``.

    A vector gives (1,). With ``input_dims``, an array of one axis more has a batch axis in front,
    and ``axis`` is counted after it. ``size_average`` divides by the size of the axis. Torch's
    nn/Sum.lua. Raises ShapeError if there is no such axis, GraphError for a table.
    """

    symbol = "Σ"

    def __init__(
        self,
        axis: int = 0,
        input_dims: int | None = None,
        size_average: bool = False,
        squeeze: bool = True,
    ) -> None:
        self.axis = axis
        self.input_dims = input_dims
        self.size_average = size_average
        self.squeeze = squeeze

    def compute(self, x: Any) -> Any:
        axis = own_axis(self.axis, x, self.input_dims)
        reduce = x.mean if self.size_average else x.sum
        return at_least_vector(reduce(axis, keepdims=not self.squeeze))


class Mean(Module):
    """The mean along ``axis``; shapes, options and errors are those of Sum.

    Torch's nn/Mean.lua. Raises DtypeError for integers.
    """

    def __init__(self, axis: int = 0, input_dims: int | None = None, squeeze: bool = True) -> None:
        self.axis = axis
        self.input_dims = input_dims
        self.squeeze = squeeze

    def compute(self, x: Any) -> Any:
        axis = own_axis(self.axis, x, self.input_dims)
        return at_least_vector(x.mean(axis, keepdims=not self.squeeze))


class Max(Module):
    """The maximum along ``axis``; equal maxima share the gradient.

    (…, n, …) to (…, …); a vector gives (1,). ``input_dims`` and ShapeError as in Sum.
    """

    symbol = "max"

    def __init__(self, axis: int = 0, input_dims: int | None = None) -> None:
        self.axis = axis
        self.input_dims = input_dims

    def compute(self, x: Any) -> Any:
        return at_least_vector(x.max(own_axis(self.axis, x, self.input_dims)))


class Min(Module):
    """The minimum along ``axis``; equal minima share the gradient.

    (…, n, …) to (…, …); a vector gives (1,). ``input_dims`` and ShapeError as in Sum. Raises
    DtypeError for truth values.
    """

    symbol = "min"

    def __init__(self, axis: int = 0, input_dims: int | None = None) -> None:
        self.axis = axis
        self.input_dims = input_dims

    def compute(self, x: Any) -> Any:
        if require_array(x).dtype.kind == "b":
            raise DtypeError("takes the minimum of numbers, received truth values")
        return at_least_vector(x.min(own_axis(self.axis, x, self.input_dims)))


class Normalize(Module):
    """``x / (sum(|x|^p) + eps)^(1/p)`` along the last axis: (…, n) to (…, n).

    For p = inf it is ``x / (max |x| + eps)``. Torch's nn/Normalize.lua. Raises ValueError unless
    ``p > 0``, GraphError for a table, DtypeError for integers.
    """

    def __init__(self, p: float = 2.0, eps: float = 1e-10) -> None:
        self.p = above_zero("Normalize: p", p)
        self.eps = eps

    def compute(self, x: Any) -> Any:
        size = absolute(require_array(x))
        if self.p == inf:
            return x / (size.max(-1, keepdims=True) + self.eps)
        total = (size**self.p).sum(-1, keepdims=True) + self.eps
        return x / total ** (1 / self.p)
