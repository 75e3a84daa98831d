"""Arenas: memory for runs, used again when nothing refers to it any more.

Results are views of the arena that they were computed in, and hold on to it. One that only the
list here refers to is free: memory that was used before is mapped already, and warm.
"""

from __future__ import annotations

import sys

import numpy as np

from graphnet.ir.types import NDArray
from graphnet.native import forkable

LINE = 64
KEPT = 8
"""Arenas that are kept, of all programs together; runs that hold more of them keep them alone."""
WASTE = 2
"""An arena may be so many times as large as what it is taken for, or a megabyte larger."""

_all: list[NDArray] = []
_taking = forkable.Lock()


def take(size: int) -> NDArray:
    """An arena that nobody else has, of that size and a line of the cache."""
    with _taking:
        for index in range(len(_all) - 1, -1, -1):  # the last one used is the warmest
            arena = _all.pop(index)
            is_free = sys.getrefcount(arena) == 2  # this name, and the argument
            if is_free and size + LINE <= len(arena) <= WASTE * size + 2**20:
                _all.append(arena)
                return arena
            _all.insert(index, arena)
        arena = np.empty(size + LINE, np.uint8)  # it owns its memory: views refer to it
        _all.append(arena)
        if len(_all) > KEPT:
            _all.pop(oldest_free())
        return arena


def forget() -> None:
    """Keep no memory for runs to come: the next one begins with new memory, as the first did."""
    with _taking:
        _all.clear()


def oldest_free() -> int:
    """The position of the free arena that was not used for longest, or else of the oldest one."""
    for index in range(len(_all) - 1):
        arena = _all.pop(index)
        is_free = sys.getrefcount(arena) == 2
        _all.insert(index, arena)
        if is_free:
            return index
    return 0


def start_of(arena: NDArray) -> int:
    """Where in an arena the first line of the cache begins."""
    return int(-arena.ctypes.data % LINE)


def is_of_run(array: NDArray) -> bool:
    """Whether an array lies in the memory of a run, which nobody else uses as long as it lives."""
    return any(array.base is arena for arena in _all)
