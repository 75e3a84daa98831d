"""Sources of the inputs of a traced program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphnet.graph.values.memory import Memory
from graphnet.ir.core.types import ArrayType


@dataclass(frozen=True, slots=True)
class Draw:
    """A program input filled anew for each run with uniform numbers from [0, 1)."""

    type: ArrayType


@dataclass(frozen=True, slots=True)
class Remembered:
    """A program input filled from a memory; zeros as long as that is empty."""

    memory: Memory
    type: ArrayType


Source = int | Draw | Remembered | Any
"""Of a program input: leaf i of the module's input, a Parameter, a Buffer, a Draw, a memory, a
vector."""
