"""Arenas: memory for runs, used again when no result lies in it any more.

A run works in a lease of an arena. Its results are views of the lease, so NumPy keeps the lease
alive as long as any of them lives, whoever holds it; a weak reference gives the arena back at its
end. Memory that was used before is mapped already, and warm.
"""

from __future__ import annotations

import weakref
from collections import deque
from typing import Any

import numpy as np

from graphnet.ir.core.types import NDArray
from graphnet.native.llvm.cache_line import LINE, distance

KEPT = 8
"""Arenas that are kept for runs to come, of all programs together."""
WASTE = 2
"""An arena may be so many times as large as what it is taken for, or a megabyte larger."""


class Arena:
    """Memory, and how NumPy finds it; final."""

    __slots__ = ("interface", "memory")

    def __init__(self, size: int) -> None:
        self.memory = np.empty(size + LINE, np.uint8)
        self.interface = self.memory.__array_interface__

    def fits(self, size: int) -> bool:
        return size + LINE <= len(self.memory) <= WASTE * size + 2**20


class Lease:
    """The use of an arena by one run and its results; final."""

    __slots__ = ("__array_interface__", "__weakref__", "_ending")

    def __init__(self, arena: Arena) -> None:
        self.__array_interface__: Any = arena.interface
        self._ending = Ending(self, _idle.append)  # C code: nothing can interrupt it half-way
        self._ending.arena = arena


class Ending(weakref.ref[Lease]):
    """The end of a lease: what is left of it, and the arena; final."""

    __slots__ = ("arena",)
    arena: Arena


_idle: deque[Any] = deque(maxlen=KEPT)
"""Leases that ended; the one that ended last is at the right. Another one drops the oldest."""


def take(size: int) -> NDArray:
    """Exclusive memory of that size and one cache line."""
    return np.asarray(Lease(idle(size) or Arena(size)))


def idle(size: int) -> Arena | None:
    """An unused arena of about this size, the most recently used."""
    for _ in range(len(_idle)):
        try:
            ending = _idle.pop()
        except IndexError:  # other threads took the rest
            break
        if ending.arena.fits(size):
            arena: Arena = ending.arena
            return arena
        _idle.appendleft(ending)
    return None


def kept() -> int:
    """The number of arenas kept for later runs."""
    return len(_idle)


def forget() -> None:
    """Keep no memory for runs to come: the next one begins with new memory, as the first did."""
    _idle.clear()


def start_of(arena: NDArray) -> int:
    """The offset of the first cache line in an arena."""
    return distance(arena.ctypes.data)


def is_of_run(array: NDArray) -> bool:
    """Whether an array lies in the memory of a run, which nobody else uses as long as it lives."""
    return isinstance(getattr(array.base, "base", None), Lease)
