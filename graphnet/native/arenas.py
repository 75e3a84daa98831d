"""Arenas: memory for the runs of a plan, used again when nothing refers to it any more."""

from __future__ import annotations

import sys

import numpy as np

from graphnet.ir.types import NDArray

LINE = 64
KEPT = 4
"""Arenas that are kept for later runs."""


class Arenas:
    """The arenas of one plan; final.

    Results are views of the arena that they were computed in, and hold on to it. One that only
    this list refers to is free: memory that was used before is mapped already, and warm.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.all: list[NDArray] = []

    def take(self) -> NDArray:
        """An arena that nobody else has; a line longer than its size (see ``start_of``)."""
        for index in range(len(self.all)):
            try:
                arena = self.all.pop(index)
            except IndexError:  # another thread took one
                break
            is_free = sys.getrefcount(arena) == 2  # this name, and the argument
            self.all.append(arena)
            if is_free:
                return arena
        arena = np.empty(self.size + LINE, np.uint8)  # it owns its memory: views refer to it
        if len(self.all) < KEPT:
            self.all.append(arena)
        return arena


def start_of(arena: NDArray) -> int:
    """Where in an arena the first line of the cache begins."""
    return -arena.ctypes.data % LINE
