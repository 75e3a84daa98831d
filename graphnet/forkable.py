"""Locks that neither a fork nor Ctrl-C leaves taken for ever.

A forked process has none of its parent's threads, and finds their locks in whatever state they
were. Ctrl-C may strike after any call of a Python function, the one that takes a lock included.
"""

from __future__ import annotations

import _thread
import importlib
import logging
import os
import random
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import wraps
from types import FrameType
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

HOOKED = (logging, random)
"""Imported first, since hooks run in this order: Ctrl-C would be lost in theirs, after ours."""


class Lock:
    """A lock that its thread may take again, and that is free in a forked process; final. It is
    one of few, which live on.

    ``with lock:`` is for making what others then use: Ctrl-C waits until that is done. What
    ``lock.guards`` ends early at Ctrl-C, as anything else; the lock is free then. With
    ``delays_forks``, forks wait too: for what a child could not use half-done.
    """

    def __init__(self, delays_forks: bool = False) -> None:
        self._lock = threading.RLock()
        self._delayed: list[Delayed] = []
        _locks.append(self)
        if delays_forks:
            delay_forks(self.__enter__, self.__exit__)

    def __enter__(self) -> None:
        delayed = Delayed().__enter__()
        self._lock.acquire()
        self._delayed.append(delayed)

    def __exit__(self, *_: object) -> None:
        delayed = self._delayed.pop()
        self._lock.release()
        delayed.__exit__()

    def guards(self, function: Callable[P, T]) -> Callable[P, T]:
        """A short function that only one thread at a time is in."""

        @wraps(function)
        def guarded(*args: P.args, **settings: P.kwargs) -> T:
            # No `with`: from CPython 3.14 on, Ctrl-C may strike between taking and entering.
            try:
                self._lock.acquire()
                return function(*args, **settings)
            finally:
                try:  # noqa: SIM105 (before a call of `suppress` returns, Ctrl-C may strike)
                    self._lock.release()
                except RuntimeError:  # struck before it was taken
                    pass

        return guarded

    def is_free(self) -> bool:
        """Whether this thread may take it now; it is left as it is."""
        if self._lock.acquire(blocking=False):
            self._lock.release()
            return True
        return False

    def renew(self) -> None:
        """In a forked process: free it from a thread that only the parent has."""
        if self._lock.acquire(blocking=False):  # free, or of the thread that forked
            self._lock.release()
        else:
            self._lock, self._delayed = threading.RLock(), []


_locks: list[Lock] = []


def locks() -> list[Lock]:
    """All that this process has made."""
    return list(_locks)


class Delayed:
    """Ctrl-C comes after the block; final. Other threads than the main one get none.

    ``in_hook`` is for what Python calls by itself, at a fork or at the end of an object: it drops
    what is raised there, Ctrl-C too. Such a function ends with ``_ = [*delayed.strikes()]``.
    """

    def __init__(self, in_hook: bool = False) -> None:
        self._came, self._in_hook = False, in_hook
        self._frame: FrameType | None = None
        self.thread = threading.get_ident()
        self.handler: Callable[[int, FrameType | None], object] | None = None

    def __enter__(self) -> Delayed:
        handler = signal.getsignal(signal.SIGINT)
        if callable(handler) and threading.current_thread() is threading.main_thread():
            self.handler = handler
            signal.signal(signal.SIGINT, self._note)
            _delayed.append(self)
        return self

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._came, self._frame = True, frame

    def __exit__(self, *_: object) -> None:
        if self.handler is None:
            return
        _delayed.remove(self)
        signal.signal(signal.SIGINT, self.handler)
        if self._came and not self._in_hook:
            self.handler(signal.SIGINT, self._frame)

    def strikes(self) -> Iterator[None]:
        """After the block: Ctrl-C once more, if it came, where the iterator is unpacked. That is no
        call, so it strikes only when the function that does it has returned."""
        return map(_thread.interrupt_main, [signal.SIGINT] * self._came)


_delayed: list[Delayed] = []
"""Those that have not ended, the outermost first."""


def renews(renew: Callable[[], None]) -> Callable[[], None]:
    """Have a function called in each process that is forked from this one."""
    _renewing.append(renew)
    return renew


_renewing: list[Callable[[], None]] = []


def delay_forks(take: Callable[[], object], free: Callable[[], object]) -> None:
    """Have each fork take a lock before, so that no other thread has it, and free it after."""
    _delaying.append((take, free))


_delaying: list[tuple[Callable[[], object], Callable[[], object]]] = []
_taken: list[Callable[[], object]] = []
"""How to free what the fork at work has taken."""


_forking: dict[int, Delayed] = {}
"""By thread: what puts Ctrl-C off until its fork is done."""


def before_fork() -> None:
    _forking[threading.get_ident()] = Delayed(in_hook=True).__enter__()
    finish_imports()
    for take, free in reversed(_delaying):  # the floors above come first, as in a run
        take()
        _taken.append(free)


def after_fork() -> None:
    delayed = freed()
    _ = [*delayed.strikes()]


def after_fork_in_child() -> None:
    for renew in _renewing:
        renew()
    delayed = freed()
    _ = [*delayed.strikes()]


def freed() -> Delayed:
    """Free what this thread took for its fork."""
    taken, _taken[:] = _taken[::-1], []  # before another thread's fork takes them
    for free in taken:
        free()
    delayed = _forking.pop(threading.get_ident())
    delayed.__exit__()
    return delayed


@renews
def renew_locks() -> None:
    for lock in _locks:
        lock.renew()
    if _delayed and _delayed[0].thread != threading.get_ident():  # nobody will end them here
        signal.signal(signal.SIGINT, _delayed[0].handler)
        _delayed.clear()


def finish_imports() -> None:
    """Wait for modules that other threads are importing: a child could never import them."""
    for name in list(sys.modules):
        if name.partition(".")[0] in ("graphnet", "llvmlite"):
            with suppress(Exception):  # raised there too
                importlib.import_module(name)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=before_fork, after_in_parent=after_fork, after_in_child=after_fork_in_child
    )
