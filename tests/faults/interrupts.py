"""Ctrl-C at random moments: the next run gives the right numbers, and nothing leaks or hangs."""

from __future__ import annotations

import gc
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from itertools import count as numbers
from typing import Any

import numpy as np
from tqdm import tqdm

import graphnet as gn
from graphnet import forkable, nn
from graphnet.graph.values.context import current_tracing, initialising
from graphnet.ir.core.builder import current_builder, current_origin
from tests.faults.nets import both_ways, chain, compile_new, gradients, require_equal, small
from tests.support.processes import resident

SENDER = """
import os, random, signal, sys, time
random.seed(int(sys.argv[2]))
while span := sys.stdin.buffer.raw.read(8):
    end = time.perf_counter() + random.random() * float(span)
    while time.perf_counter() < end:
        pass
    os.kill(int(sys.argv[1]), signal.SIGINT)
"""
"""Sends one Ctrl-C for each time that it is told, within so many seconds."""
Task = Callable[[], object]
PATIENCE = 5.0
"""Seconds until Ctrl-C counts as swallowed."""


class Sender:
    """Another process: a thread of this one would strike where Python changes threads alone."""

    def __init__(self, seed: int) -> None:
        command = [sys.executable, "-c", SENDER, str(os.getpid()), str(seed)]
        self.swallowed = 0
        """By Python, in what it calls when an object ends."""
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, bufsize=0)

    def during(self, task: Task, seconds: float) -> None:
        """Do it again and again until Ctrl-C strikes."""
        assert self.process.stdin is not None
        try:
            while True:
                self.process.stdin.write(f"{seconds:.6f}".encode())
                last = time.perf_counter() + seconds + PATIENCE
                while time.perf_counter() < last:
                    task()
                self.swallowed += 1
        except KeyboardInterrupt:
            pass

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


class Subjects:
    """What is interrupted, and how each is checked after; final."""

    def __init__(self, seed: int) -> None:
        gn.manual_seed(seed)
        rng = np.random.default_rng(seed)
        self.net = chain().compile()
        self.xs = rng.normal(size=(5, 3, 6))
        self.lengths = [rng.normal(size=(n, 2, 6)) for n in range(1, 400)]
        self.expected = both_ways(self.net, self.xs)
        self.net.zero_grad()
        both_ways(self.net, self.xs)
        self.gradients = gradients(self.net)
        self.trained = small()
        self.step = gn.compile_step(self.trained, nn.MSECriterion())
        self.batch = rng.normal(size=(8, 4)), rng.normal(size=(8, 2))
        self.cell = nn.lstm_cell(4, 5)
        self.live = nn.Live(self.cell, np.zeros(4))
        self.numbers = numbers()

    # ---- what is interrupted

    def tasks(self) -> list[tuple[Task, float]]:
        """Each with about the seconds that it takes."""
        return [
            (lambda: both_ways(self.net, self.xs), 1e-3),
            (lambda: self.step(*self.batch), 1e-4),
            (self.run_live, 1e-4),
            (lambda: both_ways(self.net, random.choice(self.lengths)), 0.03),
            (self.new_step, 0.03),
            (lambda: compile_new(next(self.numbers)), 0.03),
        ]

    def new_step(self) -> None:
        gn.compile_step(small(), nn.MSECriterion())(*self.batch)

    def run_live(self) -> None:
        self.state, self.input = getattr(self, "state", None) or self.live.start(), np.ones(4)
        self.before = [np.array(part) for part in self.state[:2]]
        self.state = self.live.step(self.state, self.input)

    # ---- what must hold after

    def check(self) -> None:
        self.net.zero_grad()
        require_equal(both_ways(self.net, self.xs), self.expected, exact=True)
        require_equal(gradients(self.net), self.gradients, exact=True)
        self.check_step()
        self.check_live()
        compile_new(0)
        check_process()

    def check_step(self) -> None:
        """Gradients are those of whole steps: all parameters got as many."""
        found = gradients(self.trained)
        self.trained.zero_grad()
        self.step(*self.batch)
        once = gradients(self.trained)
        with np.errstate(all="ignore"):
            times = {round(float(f.flat[0] / o.flat[0])) for f, o in zip(found, once, strict=True)}
        assert len(times) == 1, f"parameters have the gradients of {times} steps"
        total = [np.zeros_like(array) for array in once]
        for _ in range(times.pop()):
            for sum, part in zip(total, once, strict=True):
                sum += part
        require_equal(found, total, exact=True)
        self.trained.zero_grad()

    def check_live(self) -> None:
        """The next step is the one that the cell makes of the state at hand."""
        state: Any = getattr(self, "state", None) or self.live.start()
        before = [np.array(part) for part in state[:2]]
        x = np.full(4, 0.3)
        found = self.live.step(state, x)
        require_equal(list(found[:2]), self.cell.forward([x, *before])[:2])
        self.state = found


def check_process() -> None:
    """Nothing of this process stays as it was only for a while."""
    assert gc.isenabled(), "no garbage is collected"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler, "Ctrl-C is put off"
    for variable in (current_tracing, current_builder, current_origin):
        assert variable.get() is None, f"{variable.name} is set"
    assert initialising.get(), "parameters are not initialised"
    taken: list[str] = []
    looking = threading.Thread(target=lambda: taken.extend(taken_locks()))
    looking.start()
    looking.join()
    assert not taken, f"taken for ever: {taken}"


def taken_locks() -> list[str]:
    """Those that no other thread gets."""
    import llvmlite.binding as llvm  # not on top: tests are read where it is not installed

    found = [repr(lock) for lock in forkable.locks() if not lock.is_free()]
    theirs = llvm.ffi.lib._lock._lock
    if theirs.acquire(blocking=False):
        theirs.release()
    else:
        found.append(repr(theirs))
    return found


def campaign(count: int, seed: int) -> list[str]:
    random.seed(seed)
    subjects, sender = Subjects(seed), Sender(seed)
    tasks, lost = subjects.tasks(), []
    struck = [0] * len(tasks)
    memory: list[int] = []
    for number in tqdm(range(count), "interrupts", mininterval=5):
        which = number % len(tasks)
        task, seconds = tasks[which]
        try:
            sender.during(task, 3 * seconds)
            struck[which] += 1
            subjects.check()
        except Exception as error:
            lost.append(f"interrupt {number} of task {which}: {type(error).__name__}: {error}")
        if number % max(count // 4, 1) == 0:
            gc.collect()
            memory.append(resident() // 1024)
    sender.close()
    print(f"by task: {struck}; swallowed by Python: {sender.swallowed}")
    print(f"MiB by quarter: {memory}; threads: {threading.active_count()}")
    return lost
