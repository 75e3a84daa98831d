"""Snapshots that a trace depends on, compared before each run: modules, arrays, dtypes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from itertools import chain
from operator import attrgetter, is_, itemgetter
from typing import Any

from graphnet.graph.modules.base import BaseModule
from graphnet.graph.modules.state import ModuleState
from graphnet.graph.values.flat import flat_vectors
from graphnet.graph.values.module_array import ModuleArray
from graphnet.graph.values.parameter import Parameter
from graphnet.ir.core.types import NDArray

version: Callable[[dict[str, Any]], int] = itemgetter("_version")
mode: Callable[[Any], bool] = attrgetter("is_training")
data: Callable[[Parameter], NDArray] = attrgetter("_data")


class ModulesSnapshot:
    """The ``ModuleState``s of many modules, compared together; final."""

    def __init__(self, states: Sequence[ModuleState]) -> None:
        self._modules = [state.module for state in states]
        self._attributes = [module.__dict__ for module in self._modules]  # faster than attributes
        for own, state in zip(self._attributes, states, strict=True):
            own.setdefault("_version", state.version)
        self._versions = [state.version for state in states]
        self._modes = [state.mode for state in states]
        containers = [pair for state in states for pair in state.containers]
        self._lists = [(v, kept) for v, kept in containers if isinstance(v, list | set)]
        self._dicts = [(v, kept) for v, kept in containers if isinstance(v, dict)]
        self._arrays = [pair for state in states for pair in state.arrays]
        self._is_plain = not (self._lists or self._dicts or self._arrays)

    def are_current(self) -> bool:
        """Whether no module has changed since."""
        return (
            list(map(version, self._attributes)) == self._versions
            and list(map(mode, self._modules)) == self._modes
            and (self._is_plain or self._are_filled_alike())
        )

    def _are_filled_alike(self) -> bool:
        return (
            all(holds_same(found, len(found), kept) for found, kept in self._lists)
            and all(
                holds_same(chain(found, found.values()), 2 * len(found), kept)
                for found, kept in self._dicts
            )
            and all(holds_bytes(array, kept) for array, kept in self._arrays)
        )


def holds_same(found: Any, count: int, kept: Collection[Any]) -> bool:
    return count == len(kept) and all(map(is_, found, kept))


def holds_bytes(array: NDArray, kept: bytearray) -> bool:
    """Whether an array has these bytes. They are compared in place, where NumPy allows it: a copy
    would take as long as a run."""
    found: Any = bytearray.__eq__(kept, array)
    return array.tobytes() == kept if found is NotImplemented else found


class ArraysSnapshot:
    """The arrays of parameters; final."""

    def __init__(self, parameters: Sequence[Parameter]) -> None:
        self._parameters = parameters
        self._kept = list(map(data, parameters))

    def are_kept(self) -> bool:
        """Whether no parameter was flattened anew or converted since."""
        return all(map(is_, map(data, self._parameters), self._kept))


dtype: Callable[[ModuleArray], Any] = attrgetter("_data.dtype")


class DtypesSnapshot:
    """The dtypes of parameters and buffers; final."""

    def __init__(self, arrays: Sequence[ModuleArray]) -> None:
        self._arrays = arrays
        self._kept = list(map(dtype, arrays))

    def are_kept(self) -> bool:
        """Whether none was converted since."""
        return list(map(dtype, self._arrays)) == self._kept


class BothSnapshots:
    """The arrays of parameters and the dtypes of buffers; final."""

    def __init__(self, arrays: ArraysSnapshot, dtypes: DtypesSnapshot) -> None:
        self._arrays, self._dtypes = arrays, dtypes

    def are_kept(self) -> bool:
        return self._arrays.are_kept() and self._dtypes.are_kept()


class FlatVectors:
    """The flat vectors of a module, cached until a part or a parameter changes; final."""

    def __init__(self, module: BaseModule) -> None:
        parameters = module.parameters()
        self.flat = flat_vectors(parameters, type(module).__name__)
        self._modules = ModulesSnapshot(
            [ModuleState.of(part) for _, part in module.named_modules()]
        )
        self.parameters = list(parameters)
        self._arrays = ArraysSnapshot(self.parameters)

    @staticmethod
    def of(module: BaseModule) -> FlatVectors:
        known: FlatVectors | None = module.__dict__.get("_flat_vectors")
        if known is None or not (known._modules.are_current() and known._arrays.are_kept()):
            known = FlatVectors(module)
            object.__setattr__(module, "_flat_vectors", known)
        return known
