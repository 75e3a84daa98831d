"""Tracebacks without graphnet's own frames: the user's line and the message come last."""

from __future__ import annotations

import opcode
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator
from functools import wraps
from types import TracebackType
from typing import ParamSpec, TypeVar

import numpy as np

from graphnet import source
from graphnet.errors import ArgumentError, GraphnetError, ProgramError, UnknownNameError

P = ParamSpec("P")
T = TypeVar("T")

STANDARD, NUMPY = (
    os.path.dirname(module.__file__ or "") + os.sep  # noqa: PTH120 (compared with code files)
    for module in (os, np)
)
"""Folders of libraries: their frames belong to the code that called."""

WHOLE = ProgramError, RecursionError
"""Errors that keep all frames: an internal fault, and what leaves no room to do anything."""

PLAIN = ValueError, TypeError, AttributeError, ImportError, OSError
"""Python's own errors that graphnet raises for mistakes in a call."""

RAISE = opcode.opmap["RAISE_VARARGS"]
MISTAKE = "_is_mistake"
"""Marks such errors, whose innermost frames the first of several public functions leaves out."""


def public(function: Callable[P, T]) -> Callable[P, T]:
    """A function that users call; its errors have short tracebacks.

    What runs at each step or reads the caller's frame does the same without a layer: ``except
    Exception as error: shorten(error); raise``.
    """

    @wraps(function)
    def call(*args: P.args, **named: P.kwargs) -> T:
        try:
            return function(*args, **named)
        except Exception as error:
            shorten(error)
            raise

    return call


def shorten(error: Exception) -> None:
    """Leave graphnet's frames out of the traceback of an error that is about to be raised again.

    Frames of the user's code between them stay. So does what an internal fault is reported with:
    everything of a ProgramError, and of any exception that graphnet did not raise on purpose what
    follows the last frame of the user's. An ArgumentError says all that is known of a call, so the
    exception that it replaces is not shown. ``GRAPHNET_TRACEBACK=full`` in the environment keeps
    all.
    """
    if os.environ.get("GRAPHNET_TRACEBACK") == "full" or isinstance(error, WHOLE):
        return
    if isinstance(error, ArgumentError) and is_within(error.__context__):
        error.__suppress_context__ = True
    on_purpose = is_on_purpose(error)
    is_probe = isinstance(error, UnknownNameError)  # hasattr, perhaps while another is handled
    for part in [error] if is_probe else causes(error):
        entries = list(entries_of(part.__traceback__))
        kept = shown(part, entries, on_purpose or is_on_purpose(part))
        if len(kept) < len(entries):
            part.__traceback__ = chained(kept)
            if sys.version_info < (3, 11) and part is error:  # ``raise`` restores its first entry
                entries[0].tb_next = part.__traceback__


def is_within(error: BaseException | None) -> bool:
    """Whether an exception was caught in graphnet, and not by the user's code that called it."""
    first = None if error is None else error.__traceback__
    return first is not None and source.is_own(first.tb_frame.f_code)


def is_on_purpose(error: BaseException) -> bool:
    """Whether graphnet raised an error for a mistake of the user's: with ``raise``, in its code."""
    if isinstance(error, GraphnetError) or MISTAKE in vars(error):
        return True
    last = deque(entries_of(error.__traceback__), maxlen=1)
    if not isinstance(error, PLAIN) or not last:
        return False
    code = last[0].tb_frame.f_code
    if source.is_own(code) and code.co_code[last[0].tb_lasti] == RAISE:
        vars(error)[MISTAKE] = True
        return True
    return False


def causes(error: BaseException) -> list[BaseException]:
    """The error and all that led to it, each once."""
    found: list[BaseException] = [error]
    for part in found:  # which grows
        for other in (part.__cause__, part.__context__):
            if other is not None and not any(other is known for known in found):
                found.append(other)
    return found


def entries_of(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def shown(
    error: BaseException, entries: list[TracebackType], on_purpose: bool
) -> list[TracebackType]:
    """The entries of a traceback that are of use."""
    own: list[bool] = []
    for entry in entries:
        own.append(is_own(entry, own[-1] if own else True))
    end = len(own)
    if not on_purpose:
        end = max((i + 1 for i, is_ours in enumerate(own) if not is_ours), default=0)
        if isinstance(error, AssertionError) and end < len(own):
            end = 0
    return [entry for i, entry in enumerate(entries) if i >= end or not own[i]]


def is_own(entry: TracebackType, caller_is_own: bool) -> bool:
    """Whether a frame is graphnet's, or one of a library that graphnet called."""
    code, scope = entry.tb_frame.f_code, entry.tb_frame.f_globals
    file = code.co_filename
    if source.is_own(code):
        return True
    if file == "<string>" and scope.get("__name__", "").startswith("graphnet."):
        return True  # the constructor of a dataclass
    installed = "-packages" in file
    in_library = file.startswith(("<frozen ", "<__array_function__", NUMPY))
    return caller_is_own and (in_library or (file.startswith(STANDARD) and not installed))


def chained(entries: list[TracebackType]) -> TracebackType | None:
    """A traceback of these entries."""
    rest: TracebackType | None = None
    for entry in reversed(entries):
        rest = TracebackType(rest, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return rest
