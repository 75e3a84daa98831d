"""Dtypes of runs: half, single and double precision, of parameters and of inputs."""

from __future__ import annotations

import numpy as np

import graphnet as gn
from graphnet import nn


def blog() -> gn.GModule:
    """z = x1 + x2 * linear(x3), the example of the nngraph announcement."""
    x1, x2, x3 = gn.input(), gn.input(), gn.input()
    linear = nn.Linear(20, 10)(x3)
    z = nn.CAddTable()([x1, nn.CMulTable()([x2, linear])])
    return gn.GModule([x1, x2, x3], [z])


DATA = [np.ones(10), np.full(10, 2.0), np.full(20, 3.0)]


def test_half_precision_runs() -> None:
    net = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.5), nn.Tanh()).astype(np.float16)
    assert net.forward(np.ones(3)).dtype == np.float16


def test_float_and_double_convert_parameters_and_follow_the_inputs() -> None:
    net = blog().float()
    assert net.forward(DATA).dtype == np.float32
    assert net.backward(DATA, np.ones(10))[0].dtype == np.float32
    assert net.parameters()[0].grad.dtype == np.float32
    assert net.double().forward([x.astype("float32") for x in DATA]).dtype == np.float64


def test_without_parameters_the_inputs_decide() -> None:
    add = nn.CAddTable()
    assert add.forward([np.ones(2, "float32")] * 2).dtype == np.float32
    assert add.forward([np.ones(2, "float32"), np.ones(2)]).dtype == np.float64
