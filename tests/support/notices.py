"""Runs without the notice of what runs interpreted."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from graphnet.native import CompilerWarning


@contextmanager
def notices_ignored() -> Iterator[None]:
    """Without the notice of what runs interpreted, for tests of results alone.

    Faults of the compiler are errors, since the results would be those of the interpreter.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*runs? interpreted")
        warnings.simplefilter("error", CompilerWarning)
        yield
