"""What the lines of layers are written with: sizes, axes, options."""

from __future__ import annotations

from collections.abc import Callable

from graphnet import nn
from tests.random_nets.choices import Choices

Shape = tuple[int, ...]
Write = Callable[[Choices, Shape], str]
"""The code of a layer for arrays of this shape, with options."""


def known(lines: dict[str, Write]) -> dict[str, Write]:
    """The lines of classes that nn has."""
    return {name: write for name, write in lines.items() if name in nn.__all__}


def fixed(text: str) -> Write:
    return lambda c, s: f"nn.{text}"


def of_positive(text: str) -> Write:
    """A function with a pole at zero, of numbers from 0.2 to 1.2."""
    return lambda c, s: f"nn.Sequential(nn.Sigmoid(), nn.AddConstant(0.2), nn.{text})"


def axis(c: Choices, s: Shape) -> int:
    return c.below(len(s)) - (len(s) if c.chance(30) else 0)


def width(c: Choices) -> int:
    return c.one_of((3, 2, 4, 5, 1, 8, 17))


def flag(c: Choices) -> bool:
    return c.chance(50)
