"""A limit on the time that a peer may take to compile."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

COMPILE_SECONDS = 180


class TooSlow(BaseException):  # no Exception, or the compiler's own handlers would swallow it
    """Compiling took longer than the limit."""


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Raise TooSlow in the block after that long, where the system has alarms."""

    def stop(*_: Any) -> None:
        raise TooSlow(f"compiling took more than {seconds} s")

    if not hasattr(signal, "SIGALRM"):
        yield
        return
    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
