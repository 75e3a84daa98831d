"""Snapshots of the modules that a trace depends on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from graphnet.graph.modules.base import BaseModule
from graphnet.graph.modules.parts import INDICES, UNSAVED
from graphnet.ir.core.types import NDArray


@dataclass(frozen=True, slots=True)
class ModuleState:
    """A snapshot of a module: attributes (by version), mode, the contents of lists, dicts and sets,
    and the bytes of NumPy arrays, which are constants of the program."""

    module: BaseModule
    version: int
    mode: bool
    containers: tuple[tuple[Any, tuple[Any, ...]], ...]
    arrays: tuple[tuple[NDArray, bytearray], ...]

    @staticmethod
    def of(module: BaseModule) -> ModuleState:
        own = (*UNSAVED, *INDICES)
        attributes = list(module.__dict__.items())  # another thread may add to it
        values = everything_in([value for name, value in attributes if name not in own])
        containers = [(v, contents(v)) for v in values if isinstance(v, list | dict | set)]
        arrays = [(v, bytearray(v.tobytes())) for v in values if isinstance(v, np.ndarray)]
        version, mode = module._version, module.is_training
        return ModuleState(module, version, mode, tuple(containers), tuple(arrays))


def everything_in(values: list[Any]) -> list[Any]:
    """The values, and the contents of lists, tuples, dicts and sets among them, at any depth."""
    found, seen = list(values), set(map(id, values))
    for value in found:  # which grows
        if isinstance(value, list | tuple | dict | set):
            inner = [part for part in contents(value) if id(part) not in seen]
            seen.update(map(id, inner))
            found += inner
    return found


def contents(value: Any) -> tuple[Any, ...]:
    return (*value, *value.values()) if isinstance(value, dict) else tuple(value)
