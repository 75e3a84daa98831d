"""Timing by turns: this project, then the peer, round by round in one process."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Step = Callable[[], object]
ROUND_SECONDS = 0.05
"""How long one side's turn lasts at least: the clock and the scheduler matter less then."""


def seconds(step: Step) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def calls_for(step: Step, least: float) -> int:
    """How many calls last that many seconds, from a few calls that also warm up."""
    step()
    fastest = min(seconds(step) for _ in range(2))
    return max(1, math.ceil(least / max(fastest, 1e-9)))


SETTLE_SECONDS = 0.02
"""The other side's threads wait for work in a busy loop for a while; a turn begins after it."""


def turn(step: Step, calls: int) -> float:
    """Seconds for each of so many calls."""
    time.sleep(SETTLE_SECONDS)
    start = time.perf_counter()
    for _ in range(calls):
        step()
    return (time.perf_counter() - start) / calls


@dataclass(frozen=True)
class Timing:
    """The seconds of a call in each round: ``ours[k]`` and ``peer[k]`` are neighbours in time."""

    ours: np.ndarray
    peer: np.ndarray

    @property
    def ratio(self) -> tuple[float, float, float]:
        """The peer's time over ours, more is better: lower quartile, median, upper quartile."""
        low, middle, high = np.quantile(self.peer / self.ours, [0.25, 0.5, 0.75])
        return float(low), float(middle), float(high)

    @property
    def ours_ms(self) -> float:
        return 1000 * float(np.median(self.ours))

    @property
    def peer_ms(self) -> float:
        return 1000 * float(np.median(self.peer))

    def numbers(self) -> dict[str, Any]:
        low, middle, high = self.ratio
        return {
            "ours_ms": self.ours_ms,
            "peer_ms": self.peer_ms,
            "ratio": middle,
            "ratio_low": low,
            "ratio_high": high,
            "rounds_ours_ms": (1000 * self.ours).tolist(),
            "rounds_peer_ms": (1000 * self.peer).tolist(),
        }


def by_turns(
    ours: Step,
    peer: Step,
    rounds: int,
    between: Step | None = None,
    least: float = ROUND_SECONDS,
) -> Timing:
    """Time both in ``rounds`` rounds; ``between`` is called after each, outside of the clock."""
    sides = ours, peer
    calls = [calls_for(step, least) for step in sides]
    times = np.empty((2, rounds))
    gc.collect()
    for index in range(rounds):
        for side, step in enumerate(sides):
            times[side, index] = turn(step, calls[side])
        if between is not None:
            between()
    return Timing(times[0], times[1])
