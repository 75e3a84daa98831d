"""Torch's module classes in graphnet: for each, how Torch's constructor arguments become ours.

Torch counts dimensions, positions and classes from 1 (and from -1 at the end); graphnet from 0.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from math import inf
from typing import Any

from graphnet import nn
from graphnet.graph import Module

FromTorch = Callable[..., Module]


def down(index: int | None) -> Any:
    """An index from 1 as an index from 0; None and indices from the end stay."""
    return index if index is None or index < 0 else index - 1


def given(count: int | None) -> int | None:
    """Torch writes -1 for a number of dimensions that was not given."""
    return None if count == -1 else count


def by_number_of_axes(kind: type[Module]) -> type[Module]:
    """A softmax along Torch's axis: the first of 1 or 3 axes, the second of 2 or 4."""

    class Spatial(kind):  # type: ignore[misc, valid-type]
        def compute(self, x: Any) -> Any:
            return kind(0 if x.ndim % 2 else 1).compute(x)

    Spatial.__name__ = kind.__name__
    return Spatial


def sizes(*args: Any) -> tuple[int, ...]:
    """Torch takes sizes one by one or as one list."""
    return tuple(args[0]) if len(args) == 1 and isinstance(args[0], list) else args


def reshape(*args: Any) -> Module:
    *shape, last = args
    if isinstance(last, bool):
        return nn.Reshape(*sizes(*shape), batch_mode=last)
    return nn.Reshape(*sizes(*args))


def ignore_in_place(kind: type[Module], count: int = 0) -> FromTorch:
    """The first arguments; Torch's last one, whether to work in place, means nothing here."""
    return lambda *args: with_defaults(kind, args[:count])


def with_defaults(make: FromTorch, args: Sequence[Any]) -> Module:
    """A module from arguments of which some are nil: those that are not given."""
    known = list(inspect.signature(make).parameters.values())
    filled = [
        p.default if value is None and p.default is not p.empty else value
        for value, p in zip(args, known, strict=False)
    ]
    return make(*filled, *args[len(known) :])


def lookup(
    count: int, size: int, padding: int = 0, norm: float | None = None, kind: float = 2.0
) -> Module:
    """Torch's index of padding is counted from 1; 0 means that there is none."""
    return nn.LookupTable(count, size, padding - 1 if padding else None, norm, kind)


def dropout(p: float = 0.5, v1: Any = False, inplace: Any = False, always: Any = False) -> Module:
    return nn.Dropout(p, v1=bool(v1), stochastic_inference=bool(always))


def arg_max(dim: int = 1, dims: int | None = None, as_long: bool = True) -> Module:
    return nn.ArgMax(down(dim), dims, as_long)


def padding(
    dim: int, size: int, dims: int | None = None, value: float = 0, index: int = 1
) -> Module:
    return nn.Padding(down(dim), size, dims, value or 0.0, (index or 1) - 1)


def reduction(kind: Callable[..., Module]) -> FromTorch:
    return lambda dim=1, dims=None, *rest: kind(down(dim), given(dims), *rest)


def on_axis(kind: Callable[..., Module], default: int = 1) -> FromTorch:
    return lambda dim=default, *rest: kind(down(dim), *rest)


MODULES: dict[str, FromTorch] = {
    "Abs": nn.Abs,
    "Add": nn.Add,
    "AddConstant": ignore_in_place(nn.AddConstant, 1),
    "ArgMax": arg_max,
    "BatchNormalization": nn.BatchNormalization,
    "Bilinear": nn.Bilinear,
    "Bottle": lambda module, dims=2, out=None: nn.Bottle(module, dims, out),
    "CAdd": lambda *args: nn.CAdd(*sizes(*args)),
    "CAddTable": ignore_in_place(nn.CAddTable),
    "CAddTensorTable": nn.CAddTensorTable,
    "CDivTable": nn.CDivTable,
    "CMaxTable": nn.CMaxTable,
    "CMinTable": nn.CMinTable,
    "CMul": lambda *args: nn.CMul(*sizes(*args)),
    "CMulTable": ignore_in_place(nn.CMulTable),
    "CReLU": lambda dims, in_place=False: nn.CReLU(-dims),
    "CSubTable": nn.CSubTable,
    "Clamp": nn.Clamp,
    "Clip": nn.Clamp,
    "Collapse": nn.Collapse,
    "Concat": lambda dim, *modules: nn.Concat(down(dim), *modules),
    "ConcatTable": nn.ConcatTable,
    "Constant": lambda value, dims=None: nn.Constant(value, dims),
    "Contiguous": nn.Contiguous,
    "Cosine": nn.Cosine,
    "CosineDistance": nn.CosineDistance,
    "DepthConcat": lambda dim, *modules: nn.DepthConcat(down(dim), *modules),
    "DotProduct": nn.DotProduct,
    "Dropout": dropout,
    "ELU": ignore_in_place(nn.ELU, 1),
    "Euclidean": nn.Euclidean,
    "Exp": nn.Exp,
    "FlattenTable": nn.FlattenTable,
    "GatedLinearUnit": lambda dim=None: nn.GatedLinearUnit(-1 if dim is None else down(dim)),
    "GradientReversal": nn.GradientReversal,
    "HardShrink": nn.HardShrink,
    "HardTanh": ignore_in_place(nn.HardTanh, 2),
    "Identity": lambda *args: nn.Identity(),
    "Index": on_axis(nn.Index),
    "JoinTable": on_axis(nn.JoinTable),
    "L1Penalty": nn.L1Penalty,
    "LeakyReLU": ignore_in_place(nn.LeakyReLU, 1),
    "Linear": nn.Linear,
    "LinearNoBias": lambda inputs, outputs: nn.Linear(inputs, outputs, False),
    "Log": nn.Log,
    "LogSigmoid": nn.LogSigmoid,
    "LogSoftMax": by_number_of_axes(nn.LogSoftMax),
    "LookupTable": lookup,
    "LookupTableMaskZero": lambda count, size, *rest: nn.LookupTableMaskZero(count, size),
    "MM": nn.MM,
    "MV": nn.MV,
    "MapTable": lambda module, shared=True: nn.MapTable(module),
    "MaskedSelect": nn.MaskedSelect,
    "Maxout": nn.Maxout,
    "Max": reduction(nn.Max),
    "Mean": reduction(nn.Mean),
    "Min": reduction(nn.Min),
    "MixtureTable": lambda dim=None: nn.MixtureTable(down(dim)),
    "ModuleFromCriterion": nn.ModuleFromCriterion,
    "Mul": nn.Mul,
    "MulConstant": ignore_in_place(nn.MulConstant, 1),
    "Narrow": lambda dim, offset, length=1: nn.Narrow(down(dim), down(offset), length),
    "NarrowTable": lambda offset, length=1: nn.NarrowTable(down(offset), length),
    "Normalize": lambda p, epsilon=1e-10: nn.Normalize(inf if p == "inf" else p, epsilon),
    "OneHot": nn.OneHot,
    "PReLU": lambda channels=0: nn.PReLU(channels or 0),
    "Padding": padding,
    "PairwiseDistance": nn.PairwiseDistance,
    "Parallel": lambda dim, out, *modules: nn.Parallel(down(dim), down(out), *modules),
    "ParallelTable": nn.ParallelTable,
    "PartialLinear": nn.PartialLinear,
    "Power": nn.Power,
    "RReLU": ignore_in_place(nn.RReLU, 2),
    "ReLU": ignore_in_place(nn.ReLU),
    "ReLU6": ignore_in_place(nn.ReLU6),
    "Replicate": lambda count, dim=1, dims=None: nn.Replicate(count, down(dim), dims),
    "Reshape": reshape,
    "ReverseTable": nn.ReverseTable,
    "Select": lambda dim, index: nn.Select(down(dim), down(index)),
    "SelectTable": on_axis(nn.SelectTable),
    "SeqReverseSequence": on_axis(nn.SeqReverseSequence),
    "Sequential": nn.Sequential,
    "Sigmoid": nn.Sigmoid,
    "SoftMax": by_number_of_axes(nn.SoftMax),
    "SoftMin": by_number_of_axes(nn.SoftMin),
    "SoftPlus": nn.SoftPlus,
    "SoftShrink": nn.SoftShrink,
    "SoftSign": nn.SoftSign,
    "SpatialAdaptiveAveragePooling": nn.SpatialAdaptiveAveragePooling,
    "SpatialAdaptiveMaxPooling": nn.SpatialAdaptiveMaxPooling,
    "SpatialAveragePooling": nn.SpatialAveragePooling,
    "SpatialConvolution": nn.SpatialConvolution,
    "SpatialDilatedConvolution": nn.SpatialConvolution,
    "SpatialDropout": nn.SpatialDropout,
    "SpatialFullConvolution": nn.SpatialFullConvolution,
    "SpatialMaxPooling": nn.SpatialMaxPooling,
    "SpatialUpSamplingNearest": nn.SpatialUpSamplingNearest,
    "SpatialZeroPadding": nn.SpatialZeroPadding,
    "SpatialLogSoftMax": nn.SpatialLogSoftMax,
    "SpatialSoftMax": nn.SpatialSoftMax,
    "SpatialBatchNormalization": nn.SpatialBatchNormalization,
    "SplitTable": on_axis(nn.SplitTable),
    "Sqrt": ignore_in_place(nn.Sqrt),
    "Square": nn.Square,
    "Squeeze": lambda dim=None, dims=None: nn.Squeeze(down(dim), dims),
    "Sum": reduction(nn.Sum),
    "Tanh": nn.Tanh,
    "TanhShrink": nn.TanhShrink,
    "TemporalConvolution": nn.TemporalConvolution,
    "TemporalMaxPooling": nn.TemporalMaxPooling,
    "Threshold": ignore_in_place(nn.Threshold, 2),
    "TotalDropout": nn.TotalDropout,
    "Transpose": lambda *pairs: nn.Transpose(*[(down(a), down(b)) for a, b in pairs]),
    "Unsqueeze": on_axis(nn.Unsqueeze),
    "View": lambda *args: nn.View(*sizes(*args)),
    "WeightNorm": lambda module, dim=1: nn.WeightNorm(module, down(dim)),
    "WeightedEuclidean": nn.WeightedEuclidean,
    "WhiteNoise": nn.WhiteNoise,
    "ZeroGrad": nn.ZeroGrad,
    "ZipTable": nn.ZipTable,
    "ZipTableOneToMany": nn.ZipTableOneToMany,
    "nngraph.JustElement": nn.JustElement,
    "nngraph.JustTable": nn.JustTable,
}
"""Arguments come as Torch's, children in front or behind as in its constructor."""

CHILDREN_LAST = {"Concat", "DepthConcat", "Parallel"}

CALLS: dict[str, tuple[str, Any]] = {
    "ceil": ("ceil_mode", True),
    "floor": ("ceil_mode", False),
    "setCountExcludePad": ("count_include_pad", False),
    "setCountIncludePad": ("count_include_pad", True),
    "noBias": ("bias", None),
}
"""Methods without arguments that set something: the attribute, and its value."""

INDEX_INPUTS: dict[str, int | None] = {"LookupTable": None, "Index": 1, "OneHot": None}
"""The modules that take indices, and as which of their parents (None: the whole input)."""
