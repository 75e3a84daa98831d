"""The user's line that made a module: errors tell it of the parts of containers."""

from __future__ import annotations

import sys
from typing import Any

from graphnet.graph.values.context import initialising
from graphnet.source import calling_frame, place

LINE = "_made_at"


def note_line(module: Any) -> None:
    """Keep the line that makes a module; a file that is read is not its place."""
    held = module.__dict__
    if LINE not in held and initialising.get():
        frame = calling_frame(start=sys._getframe(2))  # from the caller of the constructor on
        held[LINE] = frame.f_code.co_filename, frame.f_lineno


def copy_line(module: Any, copy: Any) -> None:
    """A copy was made where the original was."""
    if LINE in module.__dict__:
        copy.__dict__[LINE] = module.__dict__[LINE]


def place_of(module: Any) -> str:
    """``net.py:7``, or nothing: of users' own classes only what they are made of is known."""
    line = module.__dict__.get(LINE)
    return "" if line is None else place(*line)
