"""PyTorch's word for the modules of random nets: functions of module, input and weights."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from graphnet import nn
from graphnet.graph import Module
from graphnet.graph.values import table
from graphnet.graph.wiring.arithmetic import ConstantOver
from graphnet.graph.wiring.table_modules import Element, OptionalInput, Pack, Split
from tests.support.oracle import F, torch

Tensors = dict[str, Any]
"""The parameters of a module by name; None for a bias that is left out."""
Word = Callable[[Any, Any, Tensors], Any]


class NoCounterpartError(Exception):
    """PyTorch has no word for this module, or it draws random numbers."""


def flattened(m: Any, x: Any, w: Tensors) -> Any:
    return table.flatten(x)[0]


def plain(function: Callable[[Any], Any]) -> Word:
    return lambda module, x, w: function(x)


def unless_training(function: Callable[[Any, Any], Any]) -> Word:
    """What draws random numbers in training has a counterpart without them alone."""

    def word(module: Any, x: Any, w: Tensors) -> Any:
        if module.is_training:
            raise NoCounterpartError(type(module).__name__)
        return function(module, x)

    return word


def reduction(function: Callable[..., Any]) -> Word:
    return lambda m, x, w: torch.atleast_1d(function(x, m.axis, keepdim=not m.squeeze))


def softmax(function: Callable[..., Any], sign: int = 1) -> Word:
    return lambda m, x, w: function(sign * x, m.axis)


def narrow(m: Any, x: Any, w: Tensors) -> Any:
    size = x.shape[m.axis]
    start = m.offset % size
    return x.narrow(m.axis, start, m.length if m.length >= 0 else size + m.length + 1 - start)


def normalize(m: Any, x: Any, w: Tensors) -> Any:
    return x / ((abs(x) ** m.p).sum(-1, keepdim=True) + m.eps) ** (1 / m.p)


def relaid(m: Any, x: Any, w: Tensors) -> Any:
    """The entries in another shape, which the module itself tells."""
    shape = np.shape(m.forward(x.detach().numpy()))
    if not isinstance(m, nn.Replicate):
        return x.reshape(shape)
    return x.unsqueeze(m.axis).expand(shape)


def threshold(m: Any, x: Any, w: Tensors) -> Any:
    return F.threshold(x, m.threshold, m.value)


def cosine(pair: Any) -> Any:
    return torch.atleast_1d(F.cosine_similarity(*pair, dim=-1))


def transposed(m: Any, x: Any, w: Tensors) -> Any:
    for pair in m.swaps:
        x = x.transpose(*pair)
    return x


def extreme(function: Callable[..., Any]) -> Word:
    return lambda m, x, w: torch.atleast_1d(function(x, m.axis))


def loss(function: Callable[..., Any]) -> Word:
    return lambda m, t, w: function(t[0], t[1], reduction="mean" if m.size_average else "sum")


WORDS: dict[type[Module], Word] = {
    ConstantOver: lambda m, x, w: m.constant / x,
    Element: lambda m, x, w: x[m.index],
    OptionalInput: plain(lambda x: x),
    Pack: lambda m, x, w: [x] if m.count == 1 else list(x),
    Split: plain(lambda x: x),
    nn.Abs: plain(torch.abs),
    nn.AbsCriterion: loss(F.l1_loss),
    nn.BCECriterion: loss(F.binary_cross_entropy),
    nn.ClassNLLCriterion: loss(F.nll_loss),
    nn.CrossEntropyCriterion: loss(F.cross_entropy),
    nn.MSECriterion: loss(F.mse_loss),
    nn.SmoothL1Criterion: loss(F.smooth_l1_loss),
    nn.Add: lambda m, x, w: x + w["bias"],
    nn.AddConstant: lambda m, x, w: x + m.constant,
    nn.Bilinear: lambda m, x, w: F.bilinear(x[0], x[1], w["weight"], w["bias"]),
    nn.CAdd: lambda m, x, w: x + w["bias"],
    nn.CAddTable: plain(lambda table: reduce(torch.add, table)),
    nn.CDivTable: plain(lambda table: table[0] / table[1]),
    nn.CMaxTable: plain(lambda table: torch.maximum(*table)),
    nn.CMinTable: plain(lambda table: torch.minimum(*table)),
    nn.CMul: lambda m, x, w: x * w["weight"],
    nn.CMulTable: plain(lambda table: reduce(torch.mul, table)),
    nn.CSubTable: plain(lambda table: table[0] - table[1]),
    nn.Clamp: lambda m, x, w: x.clamp(m.min_value, m.max_value),
    nn.Collapse: relaid,
    nn.Contiguous: plain(lambda x: x),
    nn.CosineDistance: plain(cosine),
    nn.DotProduct: plain(lambda t: torch.atleast_1d((t[0] * t[1]).sum(-1))),
    nn.Dropout: unless_training(lambda m, x: x),
    nn.ELU: lambda m, x, w: F.elu(x, m.alpha),
    nn.Exp: plain(torch.exp),
    nn.FlattenTable: flattened,
    nn.GELU: plain(F.gelu),
    nn.CReLU: plain(lambda x: torch.cat([F.relu(x), F.relu(-x)], -1)),
    nn.HardShrink: lambda m, x, w: F.hardshrink(x, m.threshold),
    nn.Log: plain(torch.log),
    nn.NarrowTable: lambda m, x, w: x[m.offset : m.offset + m.length],
    nn.Sqrt: plain(torch.sqrt),
    nn.SplitTable: lambda m, x, w: list(x.unbind(m.axis)),
    nn.StackTable: lambda m, x, w: torch.stack(list(x), m.axis),
    nn.Transpose: transposed,
    nn.Max: extreme(torch.amax),
    nn.Min: extreme(torch.amin),
    nn.GatedLinearUnit: lambda m, x, w: F.glu(x, m.axis),
    nn.HardTanh: lambda m, x, w: F.hardtanh(x, m.min_value, m.max_value),
    nn.Identity: plain(lambda x: x),
    nn.JoinTable: lambda m, x, w: torch.cat(list(x), m.axis),
    nn.JustTable: plain(lambda x: [x]),
    nn.LayerNorm: lambda m, x, w: F.layer_norm(x, (m.size,), w["weight"], w["bias"], m.eps),
    nn.LeakyReLU: lambda m, x, w: F.leaky_relu(x, m.negative_slope),
    nn.Linear: lambda m, x, w: F.linear(x, w["weight"], w["bias"]),
    nn.LogSigmoid: plain(F.logsigmoid),
    nn.LogSoftMax: softmax(F.log_softmax),
    nn.LookupTable: lambda m, x, w: F.embedding(x, w["weight"]),
    nn.Mean: reduction(torch.mean),
    nn.Mul: lambda m, x, w: x * w["weight"],
    nn.MulConstant: lambda m, x, w: x * m.constant,
    nn.Narrow: narrow,
    nn.Normalize: normalize,
    nn.PReLU: lambda m, x, w: torch.where(x > 0, x, x * w["weight"]),
    nn.Power: lambda m, x, w: x**m.exponent,
    nn.ReLU: plain(F.relu),
    nn.ReLU6: plain(F.relu6),
    nn.Replicate: relaid,
    nn.Reshape: relaid,
    nn.Select: lambda m, x, w: x.select(m.axis, m.index),
    nn.SelectTable: lambda m, x, w: x[m.index],
    nn.Sigmoid: plain(torch.sigmoid),
    nn.SoftMax: softmax(F.softmax),
    nn.SoftMin: softmax(F.softmax, -1),
    nn.SoftPlus: lambda m, x, w: F.softplus(x, m.beta, m.threshold),
    nn.SoftShrink: lambda m, x, w: F.softshrink(x, m.threshold),
    nn.SoftSign: plain(F.softsign),
    nn.Square: plain(torch.square),
    nn.Squeeze: relaid,
    nn.State: plain(lambda x: x),
    nn.Sum: reduction(torch.sum),
    nn.Tanh: plain(torch.tanh),
    nn.TanhShrink: plain(F.tanhshrink),
    nn.Threshold: threshold,
    nn.VariationalDropout: unless_training(lambda m, x: x),
    nn.Unsqueeze: relaid,
    nn.View: relaid,
    nn.Zoneout: unless_training(lambda m, t: m.p * t[0] + (1 - m.p) * t[1]),
}
