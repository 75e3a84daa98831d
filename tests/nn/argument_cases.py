"""Each constructor argument of the layers."""

from __future__ import annotations

import numpy as np

from graphnet import nn
from tests.nn.argument_case import CUBE, PAIR, RNG, SQUARE, WORDS, Case, X, sizes

DIMS = ("nInputDims", "input_dims", 2)

CASES: dict[str, Case] = {
    "Add": Case(nn.Add, X, (("inputSize", "size", 4),), (("scalar", "scalar", True),)),
    "AddConstant": Case(nn.AddConstant, X, (("constant_scalar", "constant", 2.5),)),
    "ArgMax": Case(
        nn.ArgMax,
        CUBE,
        optional=(
            ("dim", "axis", 1),
            ("nInputDim", "input_dims", 2),
            ("asLong", "as_long", False),
        ),
    ),
    "Bilinear": Case(
        nn.Bilinear,
        PAIR,
        (
            ("inputSize1", "in_features_a", 4),
            ("inputSize2", "in_features_b", 4),
            ("outputSize", "out_features", 2),
        ),
        (("bias", "bias", False),),
    ),
    "Bottle": Case(
        nn.Bottle,
        RNG.normal(size=(2, 3, 3, 4)),
        (("module", "module", nn.Sequential(nn.SoftMax(0), nn.Linear(4, 1))),),
        (("nInputDim", "input_dims", 3), ("nOutputDim", "output_dims", 1)),
    ),
    "CReLU": Case(nn.CReLU, X, optional=(("dim", "axis", 0),)),
    "Clamp": Case(nn.Clamp, X, (("min_value", "min_value", -0.3), ("max_value", "max_value", 0.6))),
    "Collapse": Case(nn.Collapse, CUBE, (("nInputDim", "input_dims", 2),)),
    "Concat": Case(nn.Concat, X, (("dim", "axis", 1),), positional=(nn.Tanh(), nn.Abs())),
    "Constant": Case(
        nn.Constant,
        X,
        (("value", "value", np.arange(2.0)),),
        (("nInputDim", "input_dims", 1), ("learned", "learned", True)),
    ),
    "Cosine": Case(nn.Cosine, X, sizes()),
    "Dropout": Case(
        nn.Dropout,
        X,
        optional=(
            ("p", "p", 0.3),
            ("v1", "v1", True),
            ("stochasticInference", "stochastic_inference", True),
        ),
        evaluation=True,
    ),
    "ELU": Case(nn.ELU, X, optional=(("alpha", "alpha", 0.5),)),
    "Euclidean": Case(nn.Euclidean, X, sizes()),
    "Flatten": Case(
        nn.Flatten, CUBE, optional=(("start_dim", "start_axis", 0), ("end_dim", "end_axis", 1))
    ),
    "GatedLinearUnit": Case(nn.GatedLinearUnit, SQUARE[0], optional=(("dim", "axis", 0),)),
    "GradientReversal": Case(nn.GradientReversal, X, optional=(("lambda", "strength", 0.3),)),
    "HardShrink": Case(nn.HardShrink, X, optional=(("lambda", "threshold", 1.1),)),
    "HardTanh": Case(
        nn.HardTanh,
        X,
        optional=(("min_value", "min_value", -0.1), ("max_value", "max_value", 0.2)),
    ),
    "Index": Case(nn.Index, [X, np.array([1, 0])], (("dim", "axis", 1),)),
    "JoinTable": Case(nn.JoinTable, [CUBE, CUBE], (("dim", "axis", 0),), (DIMS,)),
    "L1Penalty": Case(
        nn.L1Penalty,
        X,
        (("l1weight", "weight", 0.2),),
        (
            ("sizeAverage", "size_average", True),
            ("provideOutput", "provide_output", False),
        ),
    ),
    "LayerNorm": Case(
        nn.LayerNorm,
        X,
        (("normalized_shape", "size", 4),),
        (("eps", "eps", 0.1), ("bias", "bias", False)),
    ),
    "LeakyReLU": Case(nn.LeakyReLU, X, optional=(("negval", "negative_slope", 0.3),)),
    "Linear": Case(nn.Linear, X, sizes(), (("bias", "bias", False),)),
    "LogSoftMax": Case(nn.LogSoftMax, X, optional=(("dim", "axis", 0),)),
    "LookupTable": Case(
        nn.LookupTable,
        WORDS,
        (("nIndex", "count", 4), ("nOutput", "size", 3)),
        (
            ("padding_idx", "padding_idx", 1),
            ("maxNorm", "max_norm", 0.5),
            ("normType", "norm_type", 1.0),
        ),
    ),
    "MM": Case(
        nn.MM,
        SQUARE,
        optional=(("transA", "transpose_a", True), ("transB", "transpose_b", True)),
    ),
    "MV": Case(nn.MV, [SQUARE[0], X[0]], optional=(("trans", "transpose", True),)),
    "MapTable": Case(nn.MapTable, PAIR, (("module", "module", nn.Tanh()),)),
    "MaskedSelect": Case(nn.MaskedSelect, [X, X > 1], optional=(("size", "size", 11),)),
    "Max": Case(nn.Max, SQUARE[0], optional=(("dim", "axis", 1), ("nInputDims", "input_dims", 1))),
    "Maxout": Case(
        nn.Maxout,
        X,
        (*sizes(), ("maxoutNumber", "pieces", 3)),
        (("preprocess", "preprocess", nn.Abs()),),
    ),
    "Mean": Case(
        nn.Mean,
        SQUARE[0],
        optional=(
            ("dim", "axis", 1),
            ("nInputDims", "input_dims", 1),
            ("squeeze", "squeeze", False),
        ),
    ),
    "Min": Case(nn.Min, SQUARE[0], optional=(("dim", "axis", 1), ("nInputDims", "input_dims", 1))),
    "MixtureTable": Case(
        nn.MixtureTable,
        [RNG.normal(size=(4, 4)), RNG.normal(size=(4, 4, 4))],
        optional=(("dim", "axis", 2),),
    ),
    "MulConstant": Case(nn.MulConstant, X, (("constant_scalar", "constant", 2.5),)),
    "Narrow": Case(
        nn.Narrow,
        X,
        (("dim", "axis", 1), ("offset", "offset", 1)),
        (("length", "length", -2),),
    ),
    "NarrowTable": Case(
        nn.NarrowTable, [X, X, X], (("offset", "offset", 1),), (("length", "length", 2),)
    ),
    "Normalize": Case(nn.Normalize, X, optional=(("p", "p", 1.0), ("eps", "eps", 0.1))),
    "OneHot": Case(nn.OneHot, WORDS, (("outputSize", "size", 5),)),
    "PReLU": Case(nn.PReLU, X, optional=(("nOutputPlane", "channels", 4),)),
    "Padding": Case(
        nn.Padding,
        CUBE,
        (("dim", "axis", 0), ("pad", "size", 2)),
        (("nInputDim", "input_dims", 2), ("value", "value", 7.0), ("index", "index", 1)),
    ),
    "PairwiseDistance": Case(nn.PairwiseDistance, PAIR, optional=(("p", "p", 1.0),)),
    "Parallel": Case(
        nn.Parallel,
        CUBE,
        (("input_dim", "input_axis", 0), ("output_dim", "output_axis", 1)),
        positional=(nn.Tanh(), nn.Abs()),
    ),
    "PartialLinear": Case(
        nn.PartialLinear,
        X,
        sizes(),
        (("bias", "bias", False), ("partition", "partition", [1])),
    ),
    "Power": Case(nn.Power, X, (("p", "exponent", 3.0),)),
    "RReLU": Case(nn.RReLU, X, optional=(("l", "lower", 0.05), ("u", "upper", 0.9))),
    "Replicate": Case(
        nn.Replicate,
        X,
        (("nf", "count", 3),),
        (("dim", "axis", 1), ("ndim", "input_dims", 1)),
    ),
    "Select": Case(nn.Select, X, (("dim", "axis", 1), ("index", "index", -2))),
    "SelectTable": Case(nn.SelectTable, PAIR, (("index", "index", -1),)),
    "Reshape": Case(
        nn.Reshape,
        RNG.normal(size=(1, 12)),
        optional=(("batchMode", "batch_mode", False),),
        positional=(3, 4),
    ),
    "SeqReverseSequence": Case(nn.SeqReverseSequence, X, optional=(("dim", "axis", 1),)),
    "SoftMax": Case(nn.SoftMax, X, optional=(("dim", "axis", 0),)),
    "SoftMin": Case(nn.SoftMin, X, optional=(("dim", "axis", 0),)),
    "SoftPlus": Case(
        nn.SoftPlus, X, optional=(("beta", "beta", 2.0), ("threshold", "threshold", 0.1))
    ),
    "SoftShrink": Case(nn.SoftShrink, X, optional=(("lambda", "threshold", 1.1),)),
    "SplitTable": Case(nn.SplitTable, CUBE, (("dim", "axis", 0),), (DIMS,)),
    "Squeeze": Case(
        nn.Squeeze,
        np.ones((1, 3, 1, 1)),
        optional=(("dim", "axis", 2), ("numInputDims", "input_dims", 3)),
    ),
    "StackTable": Case(nn.StackTable, PAIR, optional=(("dim", "axis", 1),)),
    "Sum": Case(
        nn.Sum,
        SQUARE[0],
        optional=(
            ("dim", "axis", 1),
            ("nInputDims", "input_dims", 1),
            ("sizeAverage", "size_average", True),
            ("squeeze", "squeeze", False),
        ),
    ),
    "Threshold": Case(nn.Threshold, X, optional=(("th", "threshold", 0.5), ("v", "value", -1.0))),
    "TotalDropout": Case(nn.TotalDropout, X, optional=(("p", "p", 0.0),)),
    "Unflatten": Case(nn.Unflatten, X, (("dim", "axis", 1), ("unflattened_size", "sizes", [2, 2]))),
    "Unsqueeze": Case(nn.Unsqueeze, X, (("dim", "axis", 0),), (("numInputDims", "input_dims", 1),)),
    "View": Case(
        nn.View,
        RNG.normal(size=(1, 12)),
        optional=(("nInputDims", "input_dims", 1),),
        positional=(3, 4),
    ),
    "WeightedEuclidean": Case(nn.WeightedEuclidean, X, sizes()),
    "WhiteNoise": Case(nn.WhiteNoise, X, optional=(("mean", "mean", 2.0), ("std", "std", 0.5))),
}
