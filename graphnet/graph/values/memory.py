"""Memory: an array that a module carries from one run to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import repeat

import numpy as np

from graphnet import forkable
from graphnet.errors import ShapeError
from graphnet.ir.core.types import ArrayType, NDArray


class Memory:
    """State that a run leaves for the next; empty at first, and after ``forget``.

    No gradient flows through it into the run before. Clones and files start with an empty one.
    """

    def __init__(self) -> None:
        self.data: NDArray | None = None

    def forget(self) -> None:
        self.data = None

    def recalled(self, type: ArrayType) -> NDArray:
        """The array for the next run, zeros at first; raises ShapeError for another shape."""
        if self.data is None:
            return np.zeros(type.shape, type.dtype)
        if self.data.shape != type.shape:
            raise ShapeError(
                f"remembers a state {self.data.shape} and needs {type.shape}",
                "Has the batch another size? Call forget() before a new batch of sequences.",
            )
        return self.data.astype(type.dtype, copy=False)

    def __deepcopy__(self, memo: object) -> Memory:
        return Memory()


remembering = forkable.Lock()
"""The states of one run are read or written as a whole."""


@remembering.guards
def remember(updates: Mapping[Memory, int], values: Sequence[NDArray]) -> None:
    """Write states back: all of them or, where Ctrl-C strikes, none."""
    arrays = [np.array(values[position]) for position in updates.values()]
    list(map(setattr, updates, repeat("data"), arrays))  # C code, which nothing interrupts
