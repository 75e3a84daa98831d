"""New processes while other threads run, train and compile: all use one cache of machine code."""

from __future__ import annotations

import multiprocessing
import os
import tempfile

from tqdm import tqdm

from tests.faults.busy import Busy
from tests.faults.nets import both_ways, compile_new, require_equal

LIMIT = 300
"""Seconds that a process may take."""
TOGETHER = 2
"""How many begin at once."""


def in_process(seed: int, number: int) -> None:
    """What the threads of the parent do, on nets made anew."""
    busy = Busy(seed)
    require_equal(both_ways(busy.net, busy.xs), busy.expected)
    busy.step(*busy.batch)
    compile_new(10**6 + number)


def campaign(count: int, seed: int) -> list[str]:
    lost: list[str] = []
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GRAPHNET_CACHE"] = folder
        busy = Busy(seed)
        with busy.running():
            for number in tqdm(range(count), "spawns", mininterval=5):
                processes = [
                    context.Process(target=in_process, args=(seed, number)) for _ in range(TOGETHER)
                ]
                for process in processes:
                    process.start()
                for process in processes:
                    process.join(LIMIT)
                    if process.exitcode != 0:
                        process.kill()
                        lost.append(f"process {number} ends with {process.exitcode}")
    return lost + busy.faults
