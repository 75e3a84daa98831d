"""Buffer assignment: the lifetimes of buffers, and their offsets in one arena."""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass

from graphnet.native.llvm.cache_line import rounded_up
from graphnet.native.scheduling.buffers import Base, Buffer
from graphnet.native.scheduling.calls import KernelCall

LARGEST = 1000
"""Most buffers that are assigned by best fit, which takes quadratic time."""


@dataclass(eq=False)
class Lifetime:
    """The live range of a buffer: from the first to the last of these calls."""

    buffer: Buffer
    first: int
    last: int
    offset: int = 0


def lifetimes_of(calls: Sequence[KernelCall], results: set[int]) -> list[Lifetime]:
    """Of all buffers of the arena; those of results (by identity) are in use to the end."""
    found: dict[int, Lifetime] = {}
    for i, call in enumerate(calls):
        for buffer, _ in call.pointers:
            if buffer is not None and buffer.base is Base.ARENA:
                found.setdefault(id(buffer), Lifetime(buffer, i, i)).last = i
    for key in results & found.keys():
        found[key].last = len(calls)
    return list(found.values())


def lay_out(lifetimes: Sequence[Lifetime], end: int, guard: int = 0) -> int:
    """Give each buffer a place in the arena; returns its size.

    The largest come first, each at the lowest place that is free during its life: that comes close
    to the least possible size. The many small ones of a large graph share a part of their own.
    After each buffer ``guard`` bytes stay unused.
    """
    by_size = sorted(lifetimes, key=lambda lifetime: -lifetime.buffer.nbytes)
    size = packed_by_size(by_size[:LARGEST], guard)
    rest = by_size[LARGEST:]
    gaps = swept(rest, end, guard)
    for lifetime in rest:
        lifetime.offset += size
    return size + gaps


def packed_by_size(lifetimes: Sequence[Lifetime], guard: int) -> int:
    """Places for a few buffers, the largest first; returns the size that they need."""
    placed: list[Lifetime] = []
    for lifetime in lifetimes:
        needed, offset = rounded_up(lifetime.buffer.nbytes) + guard, 0
        for other in placed:  # in order of their offsets
            if other.last < lifetime.first or lifetime.last < other.first:
                continue
            if other.offset - offset >= needed:
                break
            offset = max(offset, other.offset + rounded_up(other.buffer.nbytes) + guard)
        lifetime.offset = offset
        insort(placed, lifetime, key=lambda item: item.offset)
    return max((item.offset + rounded_up(item.buffer.nbytes) + guard for item in placed), default=0)


def swept(lifetimes: Sequence[Lifetime], end: int, guard: int) -> int:
    """Places for many buffers: going through the calls, each takes the smallest gap that holds it,
    and gives it back after its last use."""
    starting: dict[int, list[Lifetime]] = {}
    ending: dict[int, list[Lifetime]] = {}
    for lifetime in lifetimes:
        starting.setdefault(lifetime.first, []).append(lifetime)
        ending.setdefault(lifetime.last, []).append(lifetime)
    gaps = Gaps()
    for i in range(end):
        for lifetime in starting.get(i, ()):
            lifetime.offset = gaps.take(rounded_up(lifetime.buffer.nbytes) + guard)
        for lifetime in ending.get(i, ()):
            gaps.give(lifetime.offset, rounded_up(lifetime.buffer.nbytes) + guard)
    return gaps.size


class Gaps:
    """The unused parts of an arena that grows as needed; final."""

    def __init__(self) -> None:
        self.size = 0
        self.gaps: list[tuple[int, int]] = []  # (begin, end), in order

    def take(self, size: int) -> int:
        fitting = [(end - begin, begin) for begin, end in self.gaps if end - begin >= size]
        if size and fitting:
            gap, begin = min(fitting)
            self.gaps.remove((begin, begin + gap))
            if gap > size:
                insort(self.gaps, (begin + size, begin + gap))
            return begin
        begin = self.size
        if self.gaps and self.gaps[-1][1] == self.size and size:  # the last gap, made larger
            begin, _ = self.gaps.pop()
        self.size = begin + size
        return begin

    def give(self, begin: int, size: int) -> None:
        if not size:
            return
        end = begin + size
        for gap in list(self.gaps):
            if gap[1] == begin or gap[0] == end:
                begin, end = min(begin, gap[0]), max(end, gap[1])
                self.gaps.remove(gap)
        insort(self.gaps, (begin, end))
