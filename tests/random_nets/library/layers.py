"""Layers of entries, along an axis, of shapes, of features: for each class a line that writes one."""

from __future__ import annotations

from tests.random_nets.choices import Choices
from tests.random_nets.library.writing import (
    Shape,
    Write,
    axis,
    fixed,
    flag,
    known,
    of_positive,
    width,
)


def narrow(c: Choices, s: Shape) -> str:
    at = c.below(len(s))
    start = c.below(s[at])
    return f"nn.Narrow({at}, {start}, {c.between(1, s[at] - start)})"


def transpose(c: Choices, s: Shape) -> str:
    pairs = [(axis(c, s), axis(c, s)) for _ in range(c.between(1, 2))]
    return f"nn.Transpose({', '.join(map(str, pairs))})"


def reduction(name: str) -> Write:
    return lambda c, s: f"nn.{name}({axis(c, s)}, squeeze={flag(c)})"


def select(c: Choices, s: Shape) -> str:
    at = c.below(len(s))
    return f"nn.Select({at}, {c.below(s[at])})"


ENTRIES: dict[str, Write] = {
    "Abs": fixed("Abs()"),
    "AddConstant": fixed("AddConstant(0.3)"),
    "Clamp": fixed("Clamp(-0.3, 0.6)"),
    "Contiguous": fixed("Contiguous()"),
    "Dropout": lambda c, s: f"nn.Dropout({c.one_of((0.3, 0.5))})",
    "ELU": lambda c, s: f"nn.ELU({c.one_of((1.0, 0.5))})",
    "Exp": lambda c, s: "nn.Sequential(nn.Tanh(), nn.Exp())",
    "GELU": fixed("GELU()"),
    "GradientReversal": fixed("GradientReversal(0.3)"),
    "HardShrink": fixed("HardShrink(0.4)"),
    "HardSigmoid": fixed("HardSigmoid()"),
    "HardSwish": fixed("HardSwish()"),
    "HardTanh": fixed("HardTanh(-0.5, 0.8)"),
    "Identity": fixed("Identity()"),
    "L1Penalty": lambda c, s: f"nn.L1Penalty(0.1, {flag(c)}, {flag(c)})",
    "LeakyReLU": fixed("LeakyReLU(0.2)"),
    "Log": of_positive("Log()"),
    "LogSigmoid": fixed("LogSigmoid()"),
    "Mish": fixed("Mish()"),
    "Mul": fixed("Mul()"),
    "MulConstant": fixed("MulConstant(0.7)"),
    "PReLU": fixed("PReLU()"),
    "Power": of_positive("Power(-0.5)"),
    "RReLU": fixed("RReLU()"),
    "ReLU": fixed("ReLU()"),
    "ReLU6": fixed("ReLU6()"),
    "SELU": fixed("SELU()"),
    "SeqReverseSequence": lambda c, s: f"nn.SeqReverseSequence({c.below(len(s))})",
    "SiLU": fixed("SiLU()"),
    "Sigmoid": fixed("Sigmoid()"),
    "SoftPlus": lambda c, s: f"nn.SoftPlus({c.one_of((1.0, 2.0))})",
    "SoftShrink": fixed("SoftShrink(0.2)"),
    "SoftSign": fixed("SoftSign()"),
    "Sqrt": of_positive("Sqrt()"),
    "Square": lambda c, s: "nn.Sequential(nn.Tanh(), nn.Square())",
    "Tanh": fixed("Tanh()"),
    "TanhShrink": fixed("TanhShrink()"),
    "Threshold": fixed("Threshold(0.1, 0.5)"),
    "TotalDropout": fixed("TotalDropout(0.3)"),
    "VariationalDropout": fixed("VariationalDropout(0.3)"),
    "WhiteNoise": fixed("WhiteNoise(0.0, 0.2)"),
    "ZeroGrad": fixed("ZeroGrad()"),
}
"""Of any shape, to the same."""

LAST: dict[str, Write] = {
    "Add": lambda c, s: f"nn.Add({s[-1]})",
    "CAdd": lambda c, s: f"nn.CAdd({s[-1]})",
    "CMul": lambda c, s: f"nn.CMul({s[-1]})",
    "CReLU": fixed("CReLU()"),
    "GatedLinearUnit": lambda c, s: f"nn.GatedLinearUnit({c.one_of((-1, 0, len(s) - 1))})",
    "LayerNorm": lambda c, s: f"nn.LayerNorm({s[-1]}, bias={flag(c)})",
    "Linear": lambda c, s: f"nn.Linear({s[-1]}, {width(c)}, bias={flag(c)})",
    "LogSoftMax": lambda c, s: f"nn.LogSoftMax({axis(c, s)})",
    "MaskZero": lambda c, s: f"nn.MaskZero(nn.Linear({s[-1]}, {width(c)}))",
    "SoftMax": lambda c, s: f"nn.SoftMax({axis(c, s)})",
    "SoftMin": lambda c, s: f"nn.SoftMin({axis(c, s)})",
}
"""Of any shape, along an axis, mostly the last."""

SHAPES: dict[str, Write] = {
    "Bottle": lambda c, s: f"nn.Bottle(nn.Linear({s[-1]}, {width(c)}))",
    "Collapse": lambda c, s: f"nn.Collapse({c.between(2, max(2, len(s)))})",
    "Constant": lambda c, s: f"nn.Constant(np.ones({s[1:]}), {len(s) - 1}, learned={flag(c)})",
    "Flatten": lambda c, s: f"nn.Flatten({c.below(2)})",
    "Max": lambda c, s: f"nn.Max({axis(c, s)})",
    "Mean": reduction("Mean"),
    "Min": lambda c, s: f"nn.Min({axis(c, s)})",
    "Narrow": narrow,
    "Normalize": lambda c, s: f"nn.Sequential(nn.Exp(), nn.Normalize({c.one_of((2, 1, 3))}))",
    "Padding": lambda c, s: f"nn.Padding({c.below(len(s))}, {c.one_of((1, -1, 2, -2))}, value=0.5)",
    "Parallel": lambda c, s: (
        f"nn.Parallel(0, 0, *[nn.Linear({s[-1]}, {width(c)}) for _ in range({s[0]})])"
    ),
    "Replicate": lambda c, s: f"nn.Replicate({c.between(1, 3)}, {c.below(len(s) + 1)})",
    "Reshape": lambda c, s: f"nn.Reshape({s[-1]}, {', '.join(map(str, s[1:-1] or (1,)))})",
    "Select": select,
    "SplitTable": lambda c, s: f"nn.SplitTable({c.below(len(s))})",
    "Squeeze": fixed("Squeeze()"),
    "Sum": reduction("Sum"),
    "Transpose": transpose,
    "Unflatten": lambda c, s: f"nn.Unflatten({len(s) - 1}, (-1, {c.one_of((1, 2, 3))}))",
    "Unsqueeze": lambda c, s: f"nn.Unsqueeze({c.below(len(s) + 1)})",
    "View": lambda c, s: f"nn.View({s[0]}, -1)",
}
"""Of any shape, to others."""

NORMS: dict[str, Write] = known(
    {
        "GroupNorm": lambda c, s: f"nn.GroupNorm({1 if s[1] % 2 else 2}, {s[1]}, affine={flag(c)})",
        "RMSNorm": lambda c, s: f"nn.RMSNorm({s[-1]})",
        "WeightNorm": lambda c, s: f"nn.WeightNorm(nn.Linear({s[-1]}, {width(c)}, bias={flag(c)}))",
    }
)
"""Of any shape."""

ROWS_OF_FEATURES: dict[str, Write] = {
    **known({"BatchNormalization": lambda c, s: f"nn.BatchNormalization({s[-1]})"}),
    "Cosine": lambda c, s: f"nn.Cosine({s[-1]}, {width(c)})",
    "Euclidean": lambda c, s: f"nn.Euclidean({s[-1]}, {width(c)})",
    "Maxout": lambda c, s: f"nn.Maxout({s[-1]}, {width(c)}, {c.between(1, 3)})",
    "PartialLinear": lambda c, s: f"nn.PartialLinear({s[-1]}, 6, partition=[0, 3, 1])",
    "WeightedEuclidean": lambda c, s: f"nn.WeightedEuclidean({s[-1]}, {width(c)})",
}
"""Of (batch, features)."""
