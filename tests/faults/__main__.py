"""What graphnet loses when it is killed, interrupted, forked, or its disk is full: nothing.

``python -m tests.faults CAMPAIGN --count N --seed S``, in the root of the checkout. The exit status
is 1 where something was lost.
"""

from __future__ import annotations

import argparse
import signal
import sys
import warnings
from collections.abc import Callable
from importlib import import_module

Campaign = Callable[[int, int], list[str]]
CAMPAIGNS = {
    "kills": ("kill -9 at random moments of a training that saves after each batch", 200),
    "disks": ("a full disk, at random sizes of what is left of it, and one that is read-only", 50),
    "writers": ("two processes write one checkpoint and one entry of the cache at once", 300),
    "forks": ("forks while other threads run, train and compile", 300),
    "spawns": ("new processes while other threads run, train and compile", 10),
    "calls": (
        "Ctrl-C after calls of compiled runs, trainings and compilations, each in its turn",
        300,
    ),
    "interrupts": ("Ctrl-C at random moments of compiled runs, trainings and compilations", 10_000),
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    listed = "; ".join(f"{name}: {what} ({count})" for name, (what, count) in CAMPAIGNS.items())
    parser.add_argument("campaign", choices=CAMPAIGNS, metavar="CAMPAIGN", help=listed)
    parser.add_argument("--count", type=int, help="how often (above in brackets: by default)")
    parser.add_argument("--seed", type=int, default=0, help="of all that is random")
    chosen = parser.parse_args(arguments)
    warnings.filterwarnings("ignore", message=".*runs? interpreted")
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a shell's background
    count = CAMPAIGNS[chosen.campaign][1] if chosen.count is None else chosen.count
    campaign: Campaign = import_module(f"tests.faults.{chosen.campaign}").campaign
    lost = campaign(count, chosen.seed)
    print(*lost[:20], sep="\n", end="\n" if lost else "")
    print(f"{chosen.campaign}: {count} times, seed {chosen.seed}; lost: {len(lost) or 'nothing'}")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
