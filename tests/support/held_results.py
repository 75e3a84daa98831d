"""Results held and dropped in any order, from several threads: none may change while it is held.

``python tests/held_results.py --rounds 100000 --threads 8`` prints how much memory stays.
"""

from __future__ import annotations

import argparse
import gc
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

import graphnet as gn
from graphnet import nn
from tests.support.processes import resident

WAYS: dict[str, Callable[[np.ndarray], Any]] = {
    "itself": lambda result: result,
    "a view": lambda result: result[1:],
    "a view of a view": lambda result: result[1:].T[::2],
    "a memory view": memoryview,
    "another type": lambda result: result.view(np.uint8),
    "a flat iterator": lambda result: result.flat,
    "one row": lambda result: result[-1],
    "a dlpack capsule": lambda result: np.from_dlpack(result),
}
"""Ways to hold on to a result."""


def values(held: Any) -> np.ndarray:
    return np.array(held)


def net() -> gn.GModule:
    """A net whose large result lies in the memory of its run."""
    x = gn.input("x")
    made = gn.GModule([x], [nn.Tanh()(nn.CMulTable()([x, x]))])
    made.float()
    made.compile()
    return made.evaluate()


def hold_and_drop(nets: list[gn.GModule], seed: int, rounds: int, held_at_once: int) -> int:
    """How many of the held results had changed when they were dropped."""
    rng = np.random.default_rng(seed)
    kept: list[tuple[Any, np.ndarray]] = []
    changed = 0
    ways = list(WAYS.values())
    for _ in range(rounds):
        width = int(rng.choice([130, 180, 400]))
        x = np.full((width, width), rng.normal(), np.float32)
        result = nets[rng.integers(len(nets))].forward(x)
        held = ways[rng.integers(len(ways))](result)
        kept.append((held, values(held)))
        while len(kept) > rng.integers(1, held_at_once + 1):
            last, expected = kept.pop(rng.integers(len(kept)))
            changed += not np.array_equal(values(last), expected)
            del last
    return changed + sum(not np.array_equal(values(held), expected) for held, expected in kept)


def campaign(threads: int, rounds: int, seed: int = 0, held_at_once: int = 12) -> int:
    """``hold_and_drop`` in several threads on the same nets."""
    nets = [net(), net()]
    changed: list[int] = []

    def work(number: int) -> None:
        changed.append(hold_and_drop(nets, seed + number, rounds, held_at_once))

    workers = [threading.Thread(target=work, args=(n,)) for n in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if len(changed) < threads:
        raise RuntimeError("a thread failed")
    return sum(changed)


def main() -> int:
    parser = argparse.ArgumentParser(prog="held_results.py", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10_000, help="results, of all threads")
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    changed, part = 0, max(chosen.rounds // chosen.threads // 10, 1)
    for tenth in range(10):
        changed += campaign(chosen.threads, part, chosen.seed + 1000 * tenth)
        gc.collect()
        done = part * chosen.threads * (tenth + 1)
        print(
            f"{done} results: {changed} changed, {resident() / 1024:.0f} MiB resident", flush=True
        )
    return 1 if changed else 0
