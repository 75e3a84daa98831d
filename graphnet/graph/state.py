"""What a trace took from the modules that took part: it holds as long as they stay so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphnet.graph.module import Module

UNSAVED = ("_thread_runs", "_trace_cache", "_generator", "_memories", "_flat_vectors")
"""Attributes of a module that belong to this very object: copies start without them."""
INDICES = ("_position", "_by_name")
"""Of a closed graph, which nobody changes."""


@dataclass(frozen=True, slots=True)
class ModuleState:
    """What a trace took from a module: its attributes (by version), mode, and lists and dicts."""

    module: Module
    version: int
    mode: bool
    containers: tuple[tuple[Any, tuple[Any, ...]], ...]

    @staticmethod
    def of(module: Module) -> ModuleState:
        attributes = list(module.__dict__.items())  # another thread may add to it
        containers = tuple(
            (value, contents(value))
            for name, value in attributes
            if isinstance(value, list | dict) and name not in (*UNSAVED, *INDICES)
        )
        return ModuleState(module, module._version, module.is_training, containers)


def contents(value: Any) -> tuple[Any, ...]:
    return (*value, *value.values()) if isinstance(value, dict) else tuple(value)
