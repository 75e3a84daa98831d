"""Buffers: the memory that kernels read and write, and what each part of it is for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from graphnet.ir.core.program import Equation, Var


class Base(Enum):
    """The memory that a buffer is a part of."""

    INPUT = "an input"
    CONSTANT = "a constant"
    ARENA = "the memory of a run"
    FLAG = "the flag that kernels set"
    KEPT = "memory that stays from run to run"


class BufferRole(Enum):
    """The purpose of a buffer."""

    GIVEN = "what is there before the calls"
    VALUES = "the values of its variable"
    STEPS = "the values of its variable at each step"
    COPY = "a copy for its equations"
    PANELS = "a matrix in panels for its equations"
    WORKING_MEMORY = "working memory of its scan"
    COUNTERS = "cycles of the equations of its scan"


@dataclass(eq=False)
class Buffer:
    """Memory that a program works in; final.

    ``position`` is the number of the input or constant, or the distance from the beginning of its
    base in bytes, which the plan says (-1 until then).
    """

    base: Base
    position: int
    nbytes: int
    role: BufferRole = BufferRole.GIVEN
    equations: tuple[Equation, ...] = ()
    var: Var | None = None
