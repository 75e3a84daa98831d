"""The user's place in the source: which line of which file made a node."""

from __future__ import annotations

import os
import sys
from types import FrameType

PACKAGE = __name__.partition(".")[0]


def calling_frame(outside: str = PACKAGE) -> FrameType:
    """The innermost running frame whose code does not belong to the given package."""
    frame: FrameType | None = sys._getframe(1)
    last = frame
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name != outside and not name.startswith(outside + "."):
            return frame
        last, frame = frame, frame.f_back
    assert last is not None
    return last


def calling_line() -> tuple[str, int]:
    """File and line of the user's code that is running."""
    frame = calling_frame()
    return frame.f_code.co_filename, frame.f_lineno


def place(file: str, line: int) -> str:
    """``cell.py:18``"""
    return f"{os.path.basename(file)}:{line}"  # noqa: PTH119 (a hot path)
