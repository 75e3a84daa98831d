"""The number of threads of a run: as set, else the cores that this process may use."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from graphnet.errors import GraphnetError

MOST = 1024
"""More threads than any machine has cores; each takes memory."""

chosen: int | None = None


def threads() -> int:
    """The number of threads of a run: ``set_threads``, ``GRAPHNET_THREADS``, or the cores."""
    if chosen is not None:
        return chosen
    named = os.environ.get("GRAPHNET_THREADS")
    return checked(named, "GRAPHNET_THREADS") if named else cores()


def set_threads(count: int) -> None:
    """Have runs of compiled programs use so many threads from now on; results do not change a bit.

    What was compiled before uses no more of them than it was compiled for. Raises GraphnetError
    for anything but a number from 1 to 1024.
    """
    global chosen
    chosen = checked(count, "set_threads")


def checked(count: int | str, subject: str) -> int:
    if not str(count).isdecimal() or not 1 <= int(count) <= MOST:
        raise GraphnetError(
            f"asks for {count!r} threads, expected a number from 1 to {MOST}",
            f"As many as cores are best: {cores()} here.",
            subject,
        )
    return int(count)


@cache
def cores() -> int:
    """The cores that this process may use: fewer than there are in most containers."""
    own = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(own or 1, quota()))


def quota(file: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """The CPU quota of a Linux container, in cores."""
    try:
        time, period = file.read_text(encoding="ascii").split()
        return -(-int(time) // int(period))
    except (OSError, ValueError):  # no such file; "max"
        return 1 << 30
