"""PyTorch's word for the modules of random nets: functions of module, input and weights."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

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
    return lambda m, x, w: function(x, m.axis, keepdim=not m.squeeze)


def softmax(function: Callable[..., Any], sign: int = 1) -> Word:
    return lambda m, x, w: function(sign * x, m.axis)


def narrow(m: Any, x: Any, w: Tensors) -> Any:
    return x.narrow(m.axis, m.offset, m.length)


def normalize(m: Any, x: Any, w: Tensors) -> Any:
    return x / ((x**2).sum(-1, keepdim=True) + m.eps) ** 0.5


def threshold(m: Any, x: Any, w: Tensors) -> Any:
    return F.threshold(x, m.threshold, m.value)


WORDS: dict[type[Module], Word] = {
    ConstantOver: lambda m, x, w: m.constant / x,
    Element: lambda m, x, w: x[m.index],
    OptionalInput: plain(lambda x: x),
    Pack: lambda m, x, w: [x] if m.count == 1 else list(x),
    Split: plain(lambda x: x),
    nn.Abs: plain(torch.abs),
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
    nn.Dropout: unless_training(lambda m, x: x),
    nn.ELU: lambda m, x, w: F.elu(x, m.alpha),
    nn.FlattenTable: flattened,
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
    nn.Reshape: lambda m, x, w: x.reshape(m.sizes),
    nn.SelectTable: lambda m, x, w: x[m.index],
    nn.Sigmoid: plain(torch.sigmoid),
    nn.SoftMax: softmax(F.softmax),
    nn.SoftMin: softmax(F.softmax, -1),
    nn.SoftPlus: lambda m, x, w: F.softplus(x, m.beta, m.threshold),
    nn.SoftShrink: lambda m, x, w: F.softshrink(x, m.threshold),
    nn.SoftSign: plain(F.softsign),
    nn.Square: plain(torch.square),
    nn.State: plain(lambda x: x),
    nn.Sum: reduction(torch.sum),
    nn.Tanh: plain(torch.tanh),
    nn.TanhShrink: plain(F.tanhshrink),
    nn.Threshold: threshold,
    nn.VariationalDropout: unless_training(lambda m, x: x),
    nn.Zoneout: unless_training(lambda m, t: m.p * t[0] + (1 - m.p) * t[1]),
}
