"""Ctrl-C after each call of a run: at the very places where Python looks for signals.

Python looks when a function begins and when one in C has returned, which a profiler is told of.
"""

from __future__ import annotations

import random
import signal
import sys
from types import FrameType
from typing import Any

from tqdm import tqdm

from tests.faults.interrupts import Subjects, Task


class Striking:
    """Strikes at the n-th place of a task; counts the places."""

    def __init__(self, at: int) -> None:
        self.at, self.places, self.where = at, 0, ""

    def look(self, frame: FrameType, event: str, argument: Any) -> None:
        if event in ("call", "c_return"):
            self.places += 1
            if self.places == self.at:
                called = getattr(argument, "__name__", "")
                code = frame.f_code
                self.where = f"{code.co_filename}:{frame.f_lineno} {code.co_name} {called}"
                signal.raise_signal(signal.SIGINT)

    def during(self, task: Task) -> None:
        try:
            sys.setprofile(self.look)
            task()
        except KeyboardInterrupt:
            pass
        finally:
            sys.setprofile(None)


def places_of(task: Task) -> int:
    """How many places a task has, once it is warm."""
    task()
    counting = Striking(0)
    counting.during(task)
    return counting.places


def campaign(count: int, seed: int) -> list[str]:
    """At most ``count`` places of each task, all of them where it has no more."""
    random.seed(seed)
    subjects, lost = Subjects(seed), []
    struck = []
    for number, (task, _) in enumerate(subjects.tasks()):
        places = places_of(task)
        chosen = sorted(random.sample(range(1, places + 1), min(places, count)))
        struck.append(f"{len(chosen)} of {places}")
        for at in tqdm(chosen, f"task {number}", mininterval=5):
            striking = Striking(at)
            try:
                striking.during(task)
                subjects.check()
            except Exception as error:
                what = f"{type(error).__name__}: {error}"
                lost.append(f"task {number} at {striking.where}: {what:.200}")
    print(f"places by task: {', '.join(struck)}")
    return lost
