"""Standard error as the operating system sees it, that of C code included."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO


@contextmanager
def stderr_to(file: IO[bytes]) -> Iterator[None]:
    """Let file descriptor 2 of the whole process write to a file meanwhile.

    Where there is no standard error, as under pythonw, nothing is changed.
    """
    try:
        own = os.dup(2)
    except OSError:
        yield
        return
    if sys.stderr is not None:
        sys.stderr.flush()
    os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(own, 2)
        os.close(own)
