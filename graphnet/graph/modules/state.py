"""Snapshots of the modules that a trace depends on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from graphnet.ir.core.types import NDArray

if TYPE_CHECKING:
    from graphnet.graph.modules.module import Module

UNSAVED = ("_thread_runs", "_trace_cache", "_graph", "_generator", "_memories", "_flat_vectors")
"""Attributes of a module that belong to this very object: copies start without them."""
INDICES = ("_position", "_by_name")
"""Of a closed graph, which nobody changes."""


@dataclass(frozen=True, slots=True)
class ModuleState:
    """What a trace took from a module: its attributes (by version), its mode, its lists, dicts and
    sets, and the bytes of its NumPy arrays, which are constants of the program."""

    module: Module
    version: int
    mode: bool
    containers: tuple[tuple[Any, tuple[Any, ...]], ...]
    arrays: tuple[tuple[NDArray, bytearray], ...]

    @staticmethod
    def of(module: Module) -> ModuleState:
        own = (*UNSAVED, *INDICES)
        attributes = list(module.__dict__.items())  # another thread may add to it
        values = everything_in([value for name, value in attributes if name not in own])
        containers = [(v, contents(v)) for v in values if isinstance(v, list | dict | set)]
        arrays = [(v, bytearray(v.tobytes())) for v in values if isinstance(v, np.ndarray)]
        version, mode = module._version, module.is_training
        return ModuleState(module, version, mode, tuple(containers), tuple(arrays))


def everything_in(values: list[Any]) -> list[Any]:
    """The values, and what the lists, tuples, dicts and sets among them hold, however deep."""
    found, seen = list(values), set(map(id, values))
    for value in found:  # which grows
        if isinstance(value, list | tuple | dict | set):
            inner = [part for part in contents(value) if id(part) not in seen]
            seen.update(map(id, inner))
            found += inner
    return found


def contents(value: Any) -> tuple[Any, ...]:
    return (*value, *value.values()) if isinstance(value, dict) else tuple(value)
