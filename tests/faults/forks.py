"""Forks while other threads run, train and compile: each child does so too, and is right."""

from __future__ import annotations

import gc
import os
import random
import signal
import threading
import time

from tqdm import tqdm

from tests.faults.busy import Busy
from tests.faults.nets import both_ways, compile_new, gradients, require_equal
from tests.faults.processes import child

LIMIT = 60
"""Seconds that a child may take; alone it takes less than one."""


def in_child(busy: Busy, number: int) -> None:
    """All that the threads of the parent do, and a fork of its own now and then."""
    assert gc.isenabled(), "no garbage is collected in the child"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler, "Ctrl-C is put off"
    busy.net.zero_grad()
    require_equal(both_ways(busy.net, busy.xs), busy.expected)
    require_equal(gradients(busy.net), busy.gradients)
    require_equal(both_ways(busy.net, busy.new_xs), both_ways(busy.plain, busy.new_xs))
    busy.step(*busy.batch)
    compile_new(10**6 + number)
    if number % 10 == 0:
        assert not forked(busy, number + 1), "a child of the child fails"


def forked(busy: Busy, number: int) -> str:
    """What is wrong with a child."""

    def work() -> None:
        signal.alarm(LIMIT)
        in_child(busy, number)

    status = os.waitpid(child(work), 0)[1]
    if os.WIFSIGNALED(status):
        how = "hangs" if os.WTERMSIG(status) == signal.SIGALRM else f"dies of {status}"
        return f"child {number} {how}"
    return f"child {number} is wrong" if status else ""


def campaign(count: int, seed: int) -> list[str]:
    """Every third child is forked by another thread than the main one."""
    random.seed(seed)
    busy = Busy(seed)
    lost: list[str] = []

    def fork(number: int) -> None:
        lost.extend(filter(None, [forked(busy, number)]))

    with busy.running():
        for number in tqdm(range(count), "forks", mininterval=5):
            time.sleep(random.random() * 0.02)  # the moment, not a wait
            if number % 3:
                fork(number)
            else:
                thread = threading.Thread(target=fork, args=(number,))
                thread.start()
                thread.join()
    print(f"rounds of the threads meanwhile: {busy.rounds}")
    return lost + busy.faults
