"""What joins several values of a random graph, and what compares one with a target; a line each."""

from __future__ import annotations

from collections.abc import Callable

from tests.random_nets.choices import Choices
from tests.random_nets.library.writing import Shape, Write, axis, fixed, flag, width

OF_TWO: dict[str, Write] = {
    "CAddTable": fixed("CAddTable()"),
    "CDivTable": lambda c, s: (
        "nn.Sequential(nn.ParallelTable(nn.Identity(), nn.Sequential(nn.Square(), "
        "nn.AddConstant(1.0))), nn.CDivTable())"
    ),
    "CMaxTable": fixed("CMaxTable()"),
    "CMinTable": fixed("CMinTable()"),
    "CMulTable": fixed("CMulTable()"),
    "CSubTable": fixed("CSubTable()"),
    "CosineDistance": fixed("CosineDistance()"),
    "DotProduct": fixed("DotProduct()"),
    "FlattenTable": fixed("FlattenTable()"),
    "JoinTable": lambda c, s: f"nn.JoinTable({axis(c, s)})",
    "MM": lambda c, s: f"nn.MM({', '.join(c.one_of((('False', 'True'), ('True', 'False'))))})",
    "MapTable": lambda c, s: f"nn.MapTable(nn.Linear({s[-1]}, {width(c)}))",
    "NarrowTable": lambda c, s: f"nn.NarrowTable({c.below(2)}, 1)",
    "PairwiseDistance": lambda c, s: f"nn.PairwiseDistance({c.one_of((2, 1, 3))})",
    "ParallelTable": lambda c, s: f"nn.ParallelTable(nn.Tanh(), nn.Linear({s[-1]}, {width(c)}))",
    "ReverseTable": fixed("ReverseTable()"),
    "SelectTable": lambda c, s: f"nn.SelectTable({c.below(2)})",
    "StackTable": lambda c, s: f"nn.StackTable({c.below(len(s) + 1)})",
    "Zoneout": fixed("Zoneout(0.3)"),
    "Bilinear": lambda c, s: f"nn.Bilinear({s[-1]}, {s[-1]}, {width(c)}, bias={flag(c)})",
}
"""Of a table of two arrays of this shape."""


def normal(s: Shape) -> str:
    return f"rng.normal(size={s})"


def between(s: Shape) -> str:
    return f"rng.uniform(0.1, 0.9, {s})"


def signs(s: Shape) -> str:
    return f"rng.integers(0, 2, {s}) * 2.0 - 1"


def one_class(s: Shape) -> str:
    return f"rng.integers(0, {s[-1]}, {s[:-1]})"


def classes(s: Shape) -> str:
    return f"rng.integers(0, 2, {s}).astype(float)"


def several_classes(s: Shape) -> str:
    """The last class and the first one, each once; -1 ends a row."""
    row = [s[-1] - 1, 0, *[-1] * s[-1]] if s[-1] > 2 else [0, -1]
    return f"np.array({[row[: s[-1]]] * s[0]})"


def distribution(s: Shape) -> str:
    return f"rng.dirichlet(np.ones({s[-1]}), {s[:-1]})"


CRITERIA: dict[str, tuple[str, Callable[[Shape], str]]] = {
    "AbsCriterion": ("nn.Identity()", normal),
    "BCEWithLogitsCriterion": ("nn.Identity()", classes),
    "BCECriterion": ("nn.Sigmoid()", between),
    "ClassNLLCriterion": ("nn.LogSoftMax()", one_class),
    "CrossEntropyCriterion": ("nn.Identity()", one_class),
    "DistKLDivCriterion": ("nn.LogSoftMax()", distribution),
    "HuberCriterion": ("nn.Identity()", normal),
    "HingeEmbeddingCriterion": ("nn.Identity()", signs),
    "MSECriterion": ("nn.Identity()", normal),
    "MarginCriterion": ("nn.Identity()", signs),
    "MultiLabelSoftMarginCriterion": ("nn.Identity()", classes),
    "MultiLabelMarginCriterion": ("nn.Identity()", several_classes),
    "MultiMarginCriterion": ("nn.Identity()", one_class),
    "PoissonNLLCriterion": ("nn.Tanh()", classes),
    "SmoothL1Criterion": ("nn.Identity()", normal),
    "SoftMarginCriterion": ("nn.Identity()", signs),
}
"""What its scores go through first, and the code of targets for scores of this shape."""


def criterion(name: str, c: Choices) -> str:
    return f"nn.{name}({'size_average=False' if c.chance(30) else ''})"
