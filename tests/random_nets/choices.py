"""What a generator decides by: a seed, hypothesis, or decisions made before; and smaller ones."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

Entry = TypeVar("Entry")


class Choices:
    """Whole numbers below a bound, where 0 is the plainest decision; final."""

    def __init__(self, source: Callable[[int], int]) -> None:
        self.source = source
        self.made: list[int] = []

    def below(self, bound: int) -> int:
        number = self.source(bound)
        self.made.append(number)
        return number

    def between(self, low: int, high: int) -> int:
        return low + self.below(high - low + 1)

    def one_of(self, entries: Sequence[Entry]) -> Entry:
        return entries[self.below(len(entries))]

    def chance(self, percent: int) -> bool:
        return self.below(100) >= 100 - percent


def seeded(seed: int) -> Choices:
    return Choices(random.Random(seed).randrange)


def replayed(numbers: Sequence[int]) -> Choices:
    """Decisions made before; the plainest ones where there are no more."""
    left = iter(numbers)
    return Choices(lambda bound: min(next(left, 0), bound - 1))


def drawn(data: Any) -> Choices:
    """Decisions of hypothesis (``st.data()``), which makes failures small by itself."""
    from hypothesis import strategies as st

    return Choices(lambda bound: data.draw(st.integers(0, bound - 1)))


def made_small(
    numbers: Sequence[int], fails: Callable[[list[int]], bool], tries: int = 600
) -> list[int]:
    """Fewer and smaller decisions with which something fails still, after so many tries."""
    best, left = list(numbers), [tries]

    def better(candidate: list[int]) -> bool:
        left[0] -= 1
        return left[0] >= 0 and candidate != best and fails(candidate)

    before: list[int] = []
    while before != best and left[0] > 0:
        before = best
        best = without_parts(best, better)
        for i in range(len(best)):
            for number in dict.fromkeys((0, 1, best[i] // 2, best[i] - 1)):
                candidate = [*best[:i], number, *best[i + 1 :]]
                if 0 <= number < best[i] and better(candidate):
                    best = candidate
                    break
    return best


def without_parts(numbers: list[int], fails: Callable[[list[int]], bool]) -> list[int]:
    """Without the longest runs that it fails without."""
    length = len(numbers) // 2
    while length:
        start = 0
        while start < len(numbers):
            shorter = numbers[:start] + numbers[start + length :]
            if fails(shorter):
                numbers = shorter
            else:
                start += length
        length //= 2
    return numbers
