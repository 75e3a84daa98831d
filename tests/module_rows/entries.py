"""Rows of the modules that work entry by entry."""

from __future__ import annotations

import numpy as np

from graphnet import nn
from tests.module_rows.row import Row, X, normal, positive
from tests.support.oracle import F, torch

YOUNGER = "younger than Torch's nn"

ROWS: dict[str, list[Row]] = {
    "Abs": [Row(nn.Abs, X, torch.abs)],
    "Add": [
        Row(lambda: nn.Add(4), X, torch.add),
        Row(lambda: nn.Add(4, scalar=True), X, torch.add),
    ],
    "AddConstant": [
        Row(lambda: nn.AddConstant(2.5), X, lambda x: x + 2.5),
        Row(lambda: nn.AddConstant(np.arange(4.0)), X, lambda x: x + torch.arange(4.0)),
    ],
    "CAdd": [
        Row(lambda: nn.CAdd(3, 1), X, torch.add),
        Row(lambda: nn.CAdd(6), normal(4, 2, 3), lambda x, b: x + b.reshape(2, 3)),
    ],
    "CMul": [
        Row(lambda: nn.CMul(1, 4), X, torch.mul),
        Row(lambda: nn.CMul(12), X, lambda x, w: x * w.reshape(3, 4)),
    ],
    "CReLU": [Row(nn.CReLU, X, lambda x: torch.cat([F.relu(x), F.relu(-x)], -1))],
    "Clamp": [Row(lambda: nn.Clamp(-0.3, 0.6), X, lambda x: x.clamp(-0.3, 0.6))],
    "State": [Row(lambda: nn.State(4), X, lambda x: x)],
    "Dropout": [
        Row(lambda: nn.Dropout(0.4), X),
        Row(lambda: nn.Dropout(0.4).evaluate(), X, lambda x: x),
        Row(lambda: nn.Dropout(0.4, v1=True), X),
        Row(lambda: nn.Dropout(0.4, v1=True).evaluate(), X, lambda x: x * 0.6),
        Row(lambda: nn.Dropout(0.4, stochastic_inference=True).evaluate(), X),
    ],
    "ELU": [Row(lambda: nn.ELU(0.7), X, lambda x: F.elu(x, 0.7))],
    "Exp": [Row(nn.Exp, X, torch.exp)],
    "Function": [
        Row(lambda: nn.Function(lambda x: x**3, lambda x, y, g: 3 * g * x**2), X, lambda x: x**3)
    ],
    "GatedLinearUnit": [
        Row(nn.GatedLinearUnit, X, F.glu),
        Row(lambda: nn.GatedLinearUnit(0), normal(4, 3), lambda x: F.glu(x, 0)),
    ],
    "GradientReversal": [
        Row(lambda: nn.GradientReversal(0.3), X, lambda x: x.detach() * 1.3 - x * 0.3, False)
    ],
    "HardShrink": [Row(nn.HardShrink, X, F.hardshrink)],
    "HardTanh": [Row(lambda: nn.HardTanh(-0.5, 1.5), X, lambda x: F.hardtanh(x, -0.5, 1.5))],
    "Identity": [Row(nn.Identity, [X, [X]], lambda t: t)],
    "L1Penalty": [Row(lambda: nn.L1Penalty(0.1), X, None, False)],
    "LayerNorm": [
        Row(lambda: nn.LayerNorm(4), X, lambda x, w, b: F.layer_norm(x, (4,), w, b)),
        Row(
            lambda: nn.LayerNorm(4, 0.1, False),
            normal(2, 3, 4),
            lambda x, w: F.layer_norm(x, (4,), w, None, 0.1),
        ),
    ],
    "LayerPart": [
        Row(lambda: nn.LayerPart(1, 2, np.ones((4, 3)), np.ones(4)), X, lambda x, w, b: x[:, 1:3]),
        Row(lambda: nn.LayerPart(1, 3, np.ones((4, 3))), X, lambda x, w: x[:, 1:]),
    ],
    "LeakyReLU": [Row(lambda: nn.LeakyReLU(0.2), X, lambda x: F.leaky_relu(x, 0.2))],
    "Log": [Row(nn.Log, positive(3, 4), torch.log)],
    "LogSigmoid": [Row(nn.LogSigmoid, X, F.logsigmoid)],
    "LogSoftMax": [
        Row(nn.LogSoftMax, X, lambda x: F.log_softmax(x, -1)),
        Row(lambda: nn.LogSoftMax(0), X, lambda x: F.log_softmax(x, 0)),
    ],
    "Mul": [Row(nn.Mul, X, torch.mul)],
    "MulConstant": [
        Row(lambda: nn.MulConstant(2.5), X, lambda x: x * 2.5),
        Row(lambda: nn.MulConstant(np.arange(4.0)), X, lambda x: x * torch.arange(4.0)),
    ],
    "PReLU": [
        Row(nn.PReLU, X, F.prelu),
        Row(lambda: nn.PReLU(3), normal(2, 3, 2, 2), F.prelu),
        Row(lambda: nn.PReLU(3), normal(3, 2, 2), lambda x, w: F.prelu(x[None], w)[0]),
    ],
    "Power": [
        Row(lambda: nn.Power(3), X, lambda x: x**3),
        Row(lambda: nn.Power(-0.5), positive(3, 4), lambda x: x**-0.5),
    ],
    "RReLU": [
        Row(nn.RReLU, X),
        Row(lambda: nn.RReLU().evaluate(), X, F.rrelu),
    ],
    "ReLU": [Row(nn.ReLU, X, F.relu)],
    "ReLU6": [Row(nn.ReLU6, lambda rng: 8 * rng.normal(size=(3, 4)), F.relu6)],
    "Sigmoid": [Row(nn.Sigmoid, X, torch.sigmoid)],
    "SoftMax": [
        Row(nn.SoftMax, X, lambda x: F.softmax(x, -1)),
        Row(lambda: nn.SoftMax(0), X, lambda x: F.softmax(x, 0)),
    ],
    "SoftMin": [Row(nn.SoftMin, X, lambda x: F.softmin(x, -1))],
    "SoftPlus": [
        Row(lambda: nn.SoftPlus(2.0), X, lambda x: F.softplus(x, 2.0)),
        Row(lambda: nn.SoftPlus(1.0, 0.5), X, lambda x: F.softplus(x, 1.0, 0.5)),
    ],
    "SoftShrink": [Row(nn.SoftShrink, X, F.softshrink)],
    "SoftSign": [Row(nn.SoftSign, X, F.softsign)],
    "Sqrt": [Row(nn.Sqrt, positive(3, 4), torch.sqrt)],
    "Square": [Row(nn.Square, X, torch.square)],
    "Tanh": [Row(nn.Tanh, X, torch.tanh)],
    "GELU": [Row(nn.GELU, X, F.gelu, without_torch=YOUNGER)],
    "TanhShrink": [Row(nn.TanhShrink, X, F.tanhshrink)],
    "Threshold": [Row(lambda: nn.Threshold(0.1, 5.0), X, lambda x: F.threshold(x, 0.1, 5.0))],
    "ZeroGrad": [
        Row(
            nn.ZeroGrad,
            [X, [X]],
            lambda t: [0 * t[0] + t[0].detach(), [0 * t[1][0] + t[1][0].detach()]],
            False,
        )
    ],
    "VariationalDropout": [
        Row(lambda: nn.VariationalDropout(0.4), X, without_torch=YOUNGER),
        Row(lambda: nn.VariationalDropout(0.4).evaluate(), X, lambda x: x),
    ],
}
