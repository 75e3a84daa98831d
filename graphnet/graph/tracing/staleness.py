"""Cheap checks that modules are as they were: versions, modes, containers, arrays, parameters."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from itertools import chain
from operator import attrgetter, is_, itemgetter
from typing import Any

from graphnet.graph.modules.base import BaseModule
from graphnet.graph.modules.state import ModuleState
from graphnet.graph.values.flat import flat_vectors
from graphnet.graph.values.parameter import Flat, Parameter
from graphnet.ir.core.types import NDArray

version_and_mode: Callable[[dict[str, Any]], Any] = itemgetter("_version", "is_training")
data: Callable[[Parameter], NDArray] = attrgetter("_data")


class Modules:
    """What many ``ModuleState``s say, compared all at once: some microseconds; final."""

    def __init__(self, states: Sequence[ModuleState]) -> None:
        self._attributes = [state.module.__dict__ for state in states]  # read without look-ups
        for own, state in zip(self._attributes, states, strict=True):
            own.setdefault("_version", state.version)
            own.setdefault("is_training", state.mode)
        self._kept = [(state.version, state.mode) for state in states]
        containers = [pair for state in states for pair in state.containers]
        self._lists = [(v, kept) for v, kept in containers if isinstance(v, list | set)]
        self._dicts = [(v, kept) for v, kept in containers if isinstance(v, dict)]
        self._arrays = [pair for state in states for pair in state.arrays]
        self._is_plain = not (self._lists or self._dicts or self._arrays)

    def are_current(self) -> bool:
        return list(map(version_and_mode, self._attributes)) == self._kept and (
            self._is_plain or self._are_filled_alike()
        )

    def _are_filled_alike(self) -> bool:
        return (
            all(same(found, len(found), kept) for found, kept in self._lists)
            and all(
                same(chain(found, found.values()), 2 * len(found), kept)
                for found, kept in self._dicts
            )
            and all(has_bytes(array, kept) for array, kept in self._arrays)
        )


def same(found: Any, count: int, kept: Collection[Any]) -> bool:
    return count == len(kept) and all(map(is_, found, kept))


def has_bytes(array: NDArray, kept: bytearray) -> bool:
    """Whether an array has these bytes. They are compared where they lie, if that can be done: a
    copy would take as long as a run."""
    found: Any = bytearray.__eq__(kept, array)
    return array.tobytes() == kept if found is NotImplemented else found


class Arrays:
    """Which arrays some parameters hold; final."""

    def __init__(self, parameters: Sequence[Parameter]) -> None:
        self._parameters = parameters
        self._kept = list(map(data, parameters))

    def are_current(self) -> bool:
        """Whether no parameter was flattened anew or converted since."""
        return all(map(is_, map(data, self._parameters), self._kept))


dtype: Callable[[Parameter], Any] = attrgetter("_data.dtype")


class Unchanged:
    """What a trace rests on: modules as they were, parameters of the same dtypes; final."""

    def __init__(self, states: Sequence[ModuleState], parameters: Sequence[Parameter]) -> None:
        self.modules = Modules(states)
        self._parameters = parameters
        self._dtypes = list(map(dtype, parameters))

    def are_current(self) -> bool:
        return self.modules.are_current() and list(map(dtype, self._parameters)) == self._dtypes


class FlatVectors:
    """The flat vectors of a module, as long as it stays as it is; final."""

    def __init__(self, module: BaseModule) -> None:
        parameters = module.parameters()
        self._flat = flat_vectors(parameters, type(module).__name__)
        self._modules = Modules([ModuleState.of(part) for _, part in module.named_modules()])
        self._arrays = Arrays(list(parameters))

    @staticmethod
    def of(module: BaseModule) -> Flat:
        known: FlatVectors | None = module.__dict__.get("_flat_vectors")
        if known is None or not (known._modules.are_current() and known._arrays.are_current()):
            known = FlatVectors(module)
            object.__setattr__(module, "_flat_vectors", known)
        return known._flat
