"""Context variables: the current trace, and whether new parameters are initialised."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextvars import ContextVar
from typing import Any

from graphnet.ir.core.array import Array


class TraceContext(ABC):
    """The part of a trace that parameters and buffers use."""

    @abstractmethod
    def parameter(self, parameter: Any) -> Array:
        """The traced array of a parameter."""

    @abstractmethod
    def buffer(self, buffer: Any) -> Array:
        """The traced array of a buffer: what was written last."""

    @abstractmethod
    def write(self, buffer: Any, values: Any, in_evaluation: bool) -> None:
        """Write a buffer when the run has ended."""


current_tracing: ContextVar[TraceContext | None] = ContextVar("current_tracing", default=None)
initialising: ContextVar[bool] = ContextVar("initialising", default=True)
"""Whether new parameters are allocated; off while a file is loaded, which brings their arrays."""
