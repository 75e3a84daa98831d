"""Threads that run, train and compile without end, while something happens to their process."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

import numpy as np

import graphnet as gn
from graphnet import nn
from tests.faults.nets import both_ways, chain, compile_new, small

SWITCH = 1e-4
"""Seconds after which another thread has its turn: short, so that they meet anywhere."""


class Busy:
    """What the threads share with who looks on: nets, an input and what it gives."""

    def __init__(self, seed: int) -> None:
        gn.manual_seed(seed)
        rng = np.random.default_rng(seed)
        self.plain = chain()
        self.net = self.plain.clone().compile()
        self.xs = rng.normal(size=(5, 3, 6))
        self.new_xs = rng.normal(size=(4, 7, 6))
        self.step = gn.compile_step(small(), nn.MSECriterion())
        self.batch = rng.normal(size=(8, 4)), rng.normal(size=(8, 2))
        self.expected = both_ways(self.plain, self.xs)
        self.plain.zero_grad()
        both_ways(self.plain, self.xs)
        self.gradients = [p.grad.copy() for p in self.plain.parameters()]
        self.faults: list[str] = []
        self.rounds = [0] * 4
        self._stop = threading.Event()

    def tasks(self) -> list[Callable[[], object]]:
        numbers = count(1)
        sizes = count(1)

        def train() -> None:
            size = next(sizes) % 8 + 1
            self.step(*self.batch)
            self.step(*[array[:size] for array in self.batch])

        return [
            lambda: both_ways(self.net, self.xs),
            lambda: both_ways(self.plain, self.xs),
            train,
            lambda: compile_new(next(numbers)),
        ]

    def work(self, number: int, task: Callable[[], object]) -> None:
        try:
            while not self._stop.is_set():
                task()
                self.rounds[number] += 1
        except Exception as error:
            self.faults.append(f"thread {number}: {type(error).__name__}: {error}")

    @contextmanager
    def running(self) -> Iterator[None]:
        before = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH)
        threads = [
            threading.Thread(target=self.work, args=pair, daemon=True)
            for pair in enumerate(self.tasks())
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(60)
            self.faults += [f"{t.name} hangs in the parent" for t in threads if t.is_alive()]
            sys.setswitchinterval(before)
