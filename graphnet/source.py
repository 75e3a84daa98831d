"""The user's place in the source: which line of which file made a node, or is to be warned."""

from __future__ import annotations

import os
import sys
import warnings
from functools import cache
from types import FrameType

PACKAGE = os.path.dirname(__file__)  # noqa: PTH120 (compared with the names of code files)
GRAPH = os.path.join(PACKAGE, "graph")  # noqa: PTH118


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


def warn(text: str, category: type[Warning] = UserWarning) -> None:
    """A warning of the user's line that is running."""
    warnings.warn_explicit(text, category, *calling_line())


@cache
def warn_once(text: str, category: type[Warning] = UserWarning) -> None:
    """``warn``, once in this process for each text."""
    warn(text, category)


def short_name(file: str) -> str:
    """The name of a file without its folders."""
    return os.path.basename(file)  # noqa: PTH119 (a hot path)


def place(file: str, line: int) -> str:
    """``cell.py:18``"""
    return f"{short_name(file)}:{line}"
