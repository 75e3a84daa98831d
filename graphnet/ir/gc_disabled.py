"""Disables Python's cyclic garbage collector during the construction of many live objects."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident

from graphnet import forkable

_pausing: set[int] = set()
"""Threads that will switch it on again."""


@contextmanager
def gc_disabled() -> Iterator[None]:
    """No cyclic collection in this block.

    It would visit every new object repeatedly, which doubles the time to trace a large graph, with
    superlinear growth.
    """
    if not gc.isenabled():
        yield
        return
    try:
        gc.disable()
        _pausing.add(get_ident())
        yield
    finally:
        gc.enable()
        _pausing.discard(get_ident())


@forkable.renews
def enable_again() -> None:
    """In a forked process: enable it for threads of the parent."""
    if _pausing - {get_ident()}:
        gc.enable()
    _pausing.intersection_update({get_ident()})
