"""What a forked process begins with anew: it has none of its parent's threads, and their locks in
whatever state they were."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable


def renews(renew: Callable[[], None]) -> Callable[[], None]:
    """Have a function called in each process that is forked from this one."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=renew)
    return renew


class Lock:
    """A lock that is free in a forked process; final. It is one of few that live on."""

    def __init__(self) -> None:
        self._renew()
        renews(self._renew)

    def _renew(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()
