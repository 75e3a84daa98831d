"""State of runs: arrays that a run leaves for the next."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from itertools import repeat

import numpy as np

from graphnet import forkable
from graphnet.errors import ShapeError
from graphnet.ir.core.types import ArrayType, NDArray


class RunState(ABC):
    """An array that a run reads as it begins, and may replace when it has ended.

    It is ``_data``, and is replaced, not written into: a run keeps what it has read, for its
    ``backward``. No gradient flows through it into the run before.
    """

    __slots__ = ()

    @abstractmethod
    def recalled(self, type: ArrayType) -> NDArray:
        """The array for the next run, which has this type."""


class Memory(RunState):
    """A state that a module carries from run to run; empty at first, and after ``forget``.

    Clones and files start with an empty one.
    """

    def __init__(self) -> None:
        self._data: NDArray | None = None

    @property
    def data(self) -> NDArray | None:
        """The state; None while it is empty."""
        return self._data

    def forget(self) -> None:
        self._data = None

    def recalled(self, type: ArrayType) -> NDArray:
        """The array for the next run, zeros at first; raises ShapeError for another shape."""
        if self._data is None:
            return np.zeros(type.shape, type.dtype)
        if self._data.shape != type.shape:
            raise ShapeError(
                f"remembers a state {self._data.shape} and needs {type.shape}",
                "Has the batch another size? Call forget() before a new batch of sequences.",
            )
        return self._data.astype(type.dtype, copy=False)

    def __deepcopy__(self, memo: object) -> Memory:
        return Memory()


remembering = forkable.Lock()
"""The states of one run are read or written as a whole."""


@remembering.guards
def remember(updates: Mapping[RunState, int], values: Sequence[NDArray]) -> None:
    """Write states back: all of them or, where Ctrl-C strikes, none."""
    arrays = [np.array(values[position]) for position in updates.values()]
    list(map(setattr, updates, repeat("_data"), arrays))  # C code, which nothing interrupts
