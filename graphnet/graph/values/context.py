"""What is under way: the trace that parameters are read in, and whether new ones get values."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextvars import ContextVar
from typing import Any

from graphnet.ir.core.array import Array


class TraceContext(ABC):
    """A trace, as far as parameters know it."""

    @abstractmethod
    def parameter(self, parameter: Any) -> Array:
        """The traced array that stands for a parameter."""


current_tracing: ContextVar[TraceContext | None] = ContextVar("current_tracing", default=None)
initialising: ContextVar[bool] = ContextVar("initialising", default=True)
"""Whether new parameters have values; off while a file is loaded, which will give them theirs."""
