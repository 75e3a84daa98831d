"""The user's place in the source: which line of which file made a node."""

from __future__ import annotations

import os
import sys
from types import FrameType

GRAPH = os.path.dirname(__file__)  # noqa: PTH120 (compared with the names of code files)
PACKAGE = os.path.dirname(GRAPH)  # noqa: PTH120


def calling_frame(outside: str = PACKAGE) -> FrameType:
    """The innermost running frame whose code does not lie in the given folder."""
    frame: FrameType | None = sys._getframe(1)
    last = frame
    inside = outside + os.sep
    while frame is not None:
        if not frame.f_code.co_filename.startswith(inside):
            return frame
        last, frame = frame, frame.f_back
    assert last is not None
    return last


def calling_line() -> tuple[str, int]:
    """File and line of the user's code that is running."""
    frame = calling_frame()
    return frame.f_code.co_filename, frame.f_lineno


def short_name(file: str) -> str:
    """The name of a file without its folders."""
    return os.path.basename(file)  # noqa: PTH119 (a hot path)


def place(file: str, line: int) -> str:
    """``cell.py:18``"""
    return f"{short_name(file)}:{line}"
