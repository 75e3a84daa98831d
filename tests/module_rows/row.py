"""What a row says of a module: how to make one, its input, and PyTorch's word for the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphnet.graph import Module

Draw = Callable[[np.random.Generator], np.ndarray]


def normal(*shape: int) -> Draw:
    return lambda rng: rng.normal(size=shape)


def positive(*shape: int) -> Draw:
    return lambda rng: rng.uniform(0.2, 0.8, shape)


def integers(below: int, *shape: int) -> Draw:
    return lambda rng: rng.integers(0, below, shape)


def signs(*shape: int) -> Draw:
    return lambda rng: rng.integers(0, 2, shape) * 2.0 - 1


def given(values: Any) -> Draw:
    return lambda rng: np.array(values)


def zeros(*shape: int) -> Draw:
    return lambda rng: np.zeros(shape)


@dataclass(frozen=True)
class Row:
    """``input`` is a draw or a table of draws; ``torch`` takes the input and the parameters."""

    make: Callable[[], Module]
    input: Any
    torch: Callable[..., Any] | None = None
    has_derivative: bool = True
    """Whether backward is the derivative of forward (GradientReversal and L1Penalty say no)."""
    without_torch: str = ""
    """Why Torch's nn has no counterpart; empty where it has one."""


X, PAIR = normal(3, 4), [normal(3, 4), normal(3, 4)]
