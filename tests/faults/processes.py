"""Forked processes: what they do, and how they end."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Callable


def fork() -> int:
    with warnings.catch_warnings():  # from 3.12 on, of threads and fork
        warnings.filterwarnings("ignore", message=".*use of fork", category=DeprecationWarning)
        return os.fork()


def child(work: Callable[[], object]) -> int:
    """A process that does it and ends: with 0 if nothing was raised, else 1."""
    number = fork()
    if not number:
        status = 1
        try:
            work()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
    return number


def ended_well(number: int) -> bool:
    return os.waitpid(number, 0)[1] == 0
