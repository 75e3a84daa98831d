"""Waiting for what another thread does, with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 60.0
"""Seconds; what is waited for takes far less, also on a slow machine."""


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Ask again and again; raises TimeoutError where the condition does not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"what was waited for did not happen within {seconds:.0f} s")
