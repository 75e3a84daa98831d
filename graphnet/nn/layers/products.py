"""Products of two arrays: matrices, vectors, bilinear forms and mixtures."""

from __future__ import annotations

from math import prod
from typing import Any

from graphnet.errors import GraphError, ShapeError
from graphnet.graph import Module, Parameter
from graphnet.graph.values.table import describe, is_table
from graphnet.graph.wiring.arithmetic import require_pair
from graphnet.ir.core.types import normalise_axis
from graphnet.nn import init
from graphnet.nn.layers.linear import positive
from graphnet.nn.layers.reduction import at_least_vector
from graphnet.nn.layers.shape import swapped
from graphnet.ops import stack

__all__ = ["MM", "MV", "Bilinear", "DotProduct", "MixtureTable"]


class MM(Module):
    """The matrix product of a pair, [(…, m, k), (…, k, n)] to (…, m, n).

    ``transpose_a`` and ``transpose_b`` transpose an operand first (Torch's nn/MM.lua). Raises
    GraphError if the input is no pair, ShapeError if the inner sizes differ.
    """

    symbol = "@"

    def __init__(self, transpose_a: bool = False, transpose_b: bool = False) -> None:
        self.transpose_a = transpose_a
        self.transpose_b = transpose_b

    def compute(self, table: Any) -> Any:
        a, b = require_pair(table)
        left = swapped(a, -1, -2) if self.transpose_a else a
        return left @ (swapped(b, -1, -2) if self.transpose_b else b)


class MV(Module):
    """The product of a matrix and a vector, [(…, m, k), (…, k)] to (…, m).

    ``transpose`` transposes the matrix first (Torch's nn/MV.lua). Raises GraphError if the input is
    no pair, ShapeError if the inner sizes differ.
    """

    def __init__(self, transpose: bool = False) -> None:
        self.transpose = transpose

    def compute(self, table: Any) -> Any:
        matrix, vector = require_pair(table)
        left = swapped(matrix, -1, -2) if self.transpose else matrix
        return (left @ vector.reshape(*vector.shape, 1)).reshape(left.shape[:-1])


class DotProduct(Module):
    """The dot product of a pair along the last axis: [(…, n), (…, n)] to (…).

    Two vectors give (1,). Torch's nn/DotProduct.lua. Raises GraphError if the input is no pair,
    ShapeError if the two do not broadcast.
    """

    symbol = "·"

    def compute(self, table: Any) -> Any:
        a, b = require_pair(table)
        return at_least_vector((a * b).sum(-1))


class Bilinear(Module):
    """``y[o] = a @ weight[o] @ b + bias[o]`` of a pair: [(…, n), (…, m)] to (…, out_features).

    ``weight`` is (out_features, in_features_a, in_features_b), ``bias`` (out_features,) or None;
    both start uniform within ``1 / sqrt(in_features_a)``, as in Torch's nn/Bilinear.lua. Raises
    ValueError for a size below 1, GraphError if the input is no pair, ShapeError for other sizes of
    the last axes.
    """

    def __init__(
        self, in_features_a: int, in_features_b: int, out_features: int, bias: bool = True
    ) -> None:
        self.in_features_a = positive("Bilinear: in_features_a", in_features_a)
        self.in_features_b = positive("Bilinear: in_features_b", in_features_b)
        self.out_features = positive("Bilinear: out_features", out_features)
        start = init.fan_in_uniform(in_features_a)
        self.weight = Parameter((out_features, in_features_a, in_features_b), start)
        self.bias = Parameter((out_features,), start) if bias else None

    def compute(self, table: Any) -> Any:
        a, b = require_pair(table)
        n, m, out = self.in_features_a, self.in_features_b, self.out_features
        if a.shape[-1:] != (n,) or b.shape[-1:] != (m,):
            raise ShapeError(f"expects [(…, {n}), (…, {m})], received {describe(table)}")
        rows = self.weight.reshape(out * n, m).T  # (m, out n): one product for all outputs
        y = ((b @ rows).reshape(*b.shape[:-1], out, n) * a[..., None, :]).sum(-1)
        return y + self.bias if self.bias else y


class MixtureTable(Module):
    """A mixture of experts: [gate, experts] to the sum over k of ``gate[…, k] experts[k]``.

    ``gate`` is (…, k); ``experts`` is a table of k arrays (…, n), or one array (…, k, n); the
    output is (…, n). ``axis`` names another axis of that array for the k experts: with 2 it is (…,
    n, k) for a gate of two axes. Jacobs et al. 1991; Torch's nn/MixtureTable.lua. Raises GraphError
    if the gate and the table differ in k, ShapeError if gate and array do.
    """

    def __init__(self, axis: int | None = None) -> None:
        self.axis = axis

    def compute(self, table: Any) -> Any:
        gate, experts = require_pair(table)
        if is_table(gate) or not gate.ndim:
            raise GraphError(f"expects a gate (…, k) and experts, received {describe(table)}")
        if is_table(experts):
            if gate.shape[-1:] != (len(experts),):
                raise GraphError(
                    f"has {len(experts)} experts and a gate {gate.shape}",
                    "The last axis of the gate has one entry for each expert.",
                )
            experts = stack(experts, gate.ndim - 1)
        elif self.axis is not None:
            experts = moved(experts, self.axis, gate.ndim - 1)
        if experts.shape[: gate.ndim] != gate.shape:
            raise ShapeError(
                f"mixes {experts.shape} by a gate {gate.shape}",
                "The experts are along the axis that is the last of the gate, or named by axis.",
            )
        if experts.ndim == gate.ndim:
            return (experts * gate).sum(gate.ndim - 1)
        flat = experts.reshape(*gate.shape, prod(experts.shape[gate.ndim :]))
        mixed = gate.reshape(*gate.shape[:-1], 1, gate.shape[-1]) @ flat
        return mixed.reshape(*gate.shape[:-1], *experts.shape[gate.ndim :])


def moved(x: Any, source: int, target: int) -> Any:
    """x with one axis at another place, the others in order."""
    axes = list(range(x.ndim))
    axes.insert(target, axes.pop(normalise_axis(source, x.ndim)))
    return x.transpose(*axes)
