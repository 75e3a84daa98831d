"""Interruption: Ctrl-C ends the training after the present batch."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Whether an end was ``requested``; the second request raises KeyboardInterrupt at once."""

    def __init__(self) -> None:
        self.requested = False

    def note(self, number: int, frame: FrameType | None) -> None:
        """The signal handler."""
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """While the block runs, Ctrl-C and termination are noted; the handlers come back after it.

    Outside the main thread, where Python takes no signals, nothing is ever noted.
    """
    interruption = Interruption()
    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.signal(number, interruption.note) for number in SIGNALS}
    try:
        yield interruption
    finally:
        for number, handler in reversed(before.items()):  # Ctrl-C may raise again at once
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
