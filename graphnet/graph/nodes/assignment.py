"""The variable to which the user's source assigns what a running call makes."""

from __future__ import annotations

from types import FrameType
from typing import NamedTuple

from graphnet.graph.nodes.sites import around, target_of
from graphnet.graph.nodes.targets import Target
from graphnet.source import is_own

DEEPEST = 10
"""How many functions that return the value at once are followed to their callers."""


class Assignment(NamedTuple):
    """The name of a variable; ``is_list`` if it is a list of such values.

    ``scope`` is a number of the function that assigns, or of the module (``scope_of``); ``target``
    is one object for all that one statement makes.
    """

    name: str
    is_list: bool
    scope: int
    target: Target


def assignment(frame: FrameType, entry: int | None = None) -> Assignment | None:
    """The assignment of what the call that runs in a frame makes, or of one entry of that table.

    A value that is returned at once is assigned by the caller. None where the source is not known,
    and for a value that no variable takes as it is.
    """
    caller: FrameType | None = frame
    for _ in range(DEEPEST):
        if caller is None or is_own(caller.f_code):
            return None
        target = target_of(caller)
        if target is None:
            return None
        if not target.is_returned:
            return assigned(target, entry, caller)
        entry = entry if target.entry is None else target.entry
        caller = caller.f_back
    return None


def assigned(target: Target, entry: int | None, frame: FrameType) -> Assignment | None:
    """The assignment of a whole value, or of one entry of a table, in a frame."""
    names = target.names
    if len(names) == 1:
        return (
            Assignment(names[0], target.is_list, scope_of(frame), target) if entry is None else None
        )
    name = names[entry] if entry is not None and entry < len(names) else ""
    return Assignment(name, False, scope_of(frame), target) if name else None


def scope_of(frame: FrameType) -> int:
    """A number of what the variables of a frame belong to: its code, or all code of a module.

    That of a comprehension is the function's around it, as from CPython 3.12 on. It is an ``id``,
    so that nodes keep nothing alive.
    """
    frame = around(frame)
    code = frame.f_code
    return id(frame.f_globals if code.co_name == "<module>" else code)
