"""Worker threads that last: they run a function side by side with the thread that asks for it.

The parts of a run wait for each other, so two runs never share the workers: who finds them busy
computes alone.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from queue import SimpleQueue

from graphnet.errors import GraphnetError

Function = Callable[[int], object]


def nothing() -> None:
    """For functions whose parts do not wait for each other."""


class Run:
    """A function that threads run; ``active`` is held as long as the caller is in it."""

    def __init__(self, function: Function, abandon: Callable[[], object]) -> None:
        self.function = function
        self.abandon = abandon
        self.active = threading.Lock()
        self.errors: dict[int, BaseException] = {}

    def part(self, thread: int) -> None:
        try:
            self.function(thread)
        except BaseException as error:  # the caller raises it
            self.errors[thread] = error
            self.abandon()


class Task:
    """The part of a run that a worker does."""

    def __init__(self, run: Run, thread: int) -> None:
        self.run = run
        self.thread = thread
        self.done = False
        self.ending = threading.Lock()
        self.ending.acquire()

    def perform(self) -> None:
        self.run.part(self.thread)
        self.done = True
        self.ending.release()

    def wait(self) -> None:
        """Until it is done. What interrupts (Ctrl-C) is kept in the run's errors meanwhile."""
        while not self.done:
            try:
                self.ending.acquire()
            except BaseException as error:  # noqa: PERF203
                self.run.errors[0] = error
                self.run.abandon()


class Worker:
    """A thread that does one task after the other. It does not keep the interpreter from ending."""

    def __init__(self) -> None:
        self.tasks: SimpleQueue[Task] = SimpleQueue()
        threading.Thread(target=self.work, name="graphnet worker", daemon=True).start()

    def work(self) -> None:
        while True:
            self.tasks.get().perform()


class Pool:
    """Workers, made when they are first needed, and the run that has them."""

    def __init__(self) -> None:
        self.workers: list[Worker] = []
        self.taking = threading.Lock()
        self.current: Run | None = None

    def take(self, run: Run, count: int) -> bool:
        """Whether the run, whose ``active`` is held, now has that many workers."""
        with self.taking:
            if self.current is not None and self.current.active.locked():
                return False
            try:
                while len(self.workers) < count:
                    self.workers.append(Worker())
            except RuntimeError:  # the system has no more threads
                return False
            self.current = run
            return True

    def leave(self, run: Run) -> None:
        """Let go of what the run holds."""
        with self.taking:
            if self.current is run:
                self.current = None

    def run(self, count: int, function: Function, abandon: Callable[[], object]) -> bool:
        run = Run(function, abandon)
        tasks = [Task(run, thread) for thread in range(1, count)]
        # Such a lock is freed however the block is left: then the workers are free as well.
        with run.active:
            if not self.take(run, count - 1):
                return False
            given = 0
            try:
                for task, worker in zip(tasks, self.workers, strict=False):
                    given += 1
                    worker.tasks.put(task)
                function(0)
            except BaseException as error:
                run.errors[0] = error
                abandon()
            for task in tasks[:given]:
                task.wait()
        self.leave(run)
        if run.errors:
            raise run.errors[min(run.errors)]
        return True


_pool = Pool()
_chosen: int | None = None


def renew() -> None:
    """A forked process has no threads of its parent, and locks in whatever state they were."""
    global _pool
    _pool = Pool()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=renew)


def run(count: int, function: Function, abandon: Callable[[], object] = nothing) -> bool:
    """Call ``function(thread)`` for each thread below ``count`` at once, 0 in the caller's thread.

    It returns when all are finished, and raises what a part raised. False: the workers are busy,
    nothing was called. ``abandon`` is called when a part fails or is interrupted, so that the
    others need not wait for it; it may be called more than once.
    """
    return _pool.run(count, function, abandon)


def threads() -> int:
    """How many threads a run should have: ``set_threads``, ``GRAPHNET_THREADS``, or the cores."""
    if _chosen is not None:
        return _chosen
    named = os.environ.get("GRAPHNET_THREADS")
    return checked(named, "GRAPHNET_THREADS") if named else cores()


def set_threads(count: int) -> None:
    global _chosen
    _chosen = checked(count, "set_threads")


def checked(count: int | str, subject: str) -> int:
    if not str(count).isdecimal() or int(count) < 1:
        raise GraphnetError(f"asks for {count!r} threads", "Give a number from 1 on.", subject)
    return int(count)


@cache
def cores() -> int:
    """The cores that this process may use: fewer than there are in most containers."""
    own = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(own or 1, quota()))


def quota(file: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """How many cores' time a Linux container gets."""
    try:
        time, period = file.read_text(encoding="ascii").split()
        return -(-int(time) // int(period))
    except (OSError, ValueError):  # no such file; "max"
        return 1 << 30
