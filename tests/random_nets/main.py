"""Random cells and graphs in thousands: ``python tests/random_cells.py --cells 20000 --seed 0``."""

from __future__ import annotations

import argparse
import gc
from collections.abc import Callable

from graphnet.native.llvm import cpu_features
from tests.random_nets.campaign import Campaign, Check
from tests.random_nets.choices import seeded
from tests.random_nets.compare import compiled_differences, torch_differences
from tests.random_nets.graphs import random_graph
from tests.random_nets.library.graph import random_library_graph
from tests.random_nets.memory import memory_differences
from tests.random_nets.nets import random_net
from tests.random_nets.passes import pass_differences
from tests.support.oracle import torch

TORCH = 4
"""One net in so many is compared with PyTorch too."""
MEMORY = 4


def by_passes(seed: int) -> Check:
    """Passes alone: of every other net the training step, of the rest forward and backward."""

    def check(code: str) -> list[str]:
        wrong = pass_differences(code, is_step=seed % 2 == 0)
        return wrong or (torch_differences(code) if seed % TORCH == 0 else [])

    return check


def by_machine_code(seed: int) -> Check:
    """Machine code; of one net in so many also each program by itself, in checked memory."""

    def check(code: str) -> list[str]:
        wrong = compiled_differences(code) or torch_differences(code)
        return wrong or (memory_differences(code) if seed % MEMORY == 0 else [])

    return check


def main() -> int:
    parser = argparse.ArgumentParser(prog="random_cells.py", description=__doc__)
    parser.add_argument("--cells", type=int, default=0, help="how many cells")
    parser.add_argument("--graphs", type=int, default=0, help="how many graphs without sequences")
    parser.add_argument("--library", type=int, default=0, help="how many graphs at random sizes")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--compile", action="store_true", help="make and run machine code")
    parser.add_argument("--effort", type=int, help="of LLVM, from 0 (quick to compile) to 3")
    parser.add_argument("--show", type=int, help="print the cell of one seed instead")
    chosen = parser.parse_args()
    if chosen.show is not None:
        print(random_net(seeded(chosen.show)))
        return 0
    if chosen.effort is not None:
        cpu_features.OPTIMISATION = cpu_features.PASSES = chosen.effort
    torch.set_num_threads(1)
    gc.disable()  # the campaign collects, now and then
    way: Callable[[int], Check] = by_machine_code if chosen.compile else by_passes
    failed = 0
    for name, draw, count in (
        ("cells", random_net, chosen.cells),
        ("graphs", random_graph, chosen.graphs),
        ("library", random_library_graph, chosen.library),
    ):
        if count:
            campaign = Campaign(name, draw, way, 100 if chosen.compile else 600)
            try:
                campaign.run(range(chosen.seed, chosen.seed + count))
            finally:
                print(campaign.summary(), flush=True)
            failed += campaign.counts["failed"]
    return 1 if failed else 0
