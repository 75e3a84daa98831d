"""The thread pool: workers that serve the run which has the board (``job_board.py``).

Only one run at a time has it: who finds it taken computes alone.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from queue import SimpleQueue

from graphnet import forkable
from graphnet.native.runtime.dispatcher import server

PATIENCE = 3000
"""How often a worker looks for the next run before it sleeps: about half a millisecond, which is
what a training loop spends between two steps. To wake it takes 20 microseconds."""


class Worker:
    """A thread that helps runs. It does not keep the interpreter from ending."""

    def __init__(self) -> None:
        self.runs = 0
        self.sleeps = False
        self.calls: SimpleQueue[None] = SimpleQueue()
        threading.Thread(target=self.work, name="graphnet worker", daemon=True).start()

    def work(self) -> None:
        serve = server()
        while True:
            before = self.runs
            serve(PATIENCE)
            self.sleeps = True
            if self.runs == before:  # else a run began meanwhile, and may have thought it awake
                self.calls.get()
            self.sleeps = False

    def wake(self) -> None:
        self.runs += 1
        if self.sleeps and self.calls.empty():
            self.calls.put(None)


_workers: list[Worker] = []
_making = forkable.Lock()


@forkable.renews
def forget_workers() -> None:
    """A forked process has none of them."""
    _workers.clear()


def workers() -> list[Worker]:
    """The workers of this process so far."""
    return list(_workers)


def wake(count: int) -> None:
    """Have so many workers look for shares of the run that begins now."""
    if len(_workers) < count:
        # The system may have no more threads: fewer do.
        with _making, suppress(RuntimeError):
            _workers.extend(Worker() for _ in range(count - len(_workers)))
    for worker in _workers[:count]:
        worker.wake()
