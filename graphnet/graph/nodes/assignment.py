"""The variable to which the user's source assigns what a running call makes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from linecache import getlines
from types import CodeType, FrameType
from typing import Any, NamedTuple
from warnings import catch_warnings, simplefilter

from graphnet.graph.nodes.targets import Position, Target, targets_in
from graphnet.source import is_own

DEEPEST = 10
"""How many functions that return the value at once are followed to their callers."""

MOST_SITES, MOST_FILES = 10_000, 100
"""How many places and files are remembered."""


class Assignment(NamedTuple):
    """The name of a variable; ``is_list`` if it is a list of such values.

    ``scope`` is the code of the function that assigns, or the names of the module.
    """

    name: str
    is_list: bool
    scope: Any


def assignment(frame: FrameType, entry: int | None = None) -> Assignment | None:
    """The assignment of what the call that runs in a frame makes, or of one entry of that table.

    A value that is returned at once is assigned by the caller. None where the source is not known,
    and for a value that no variable takes as it is.
    """
    caller: FrameType | None = frame
    for _ in range(DEEPEST):
        if caller is None or is_own(caller.f_code):
            return None
        site = site_of(caller)
        target = site.target
        if target is None:
            return None
        if not target.is_returned:
            return site.whole if entry is None else assigned(target, entry, scope_of(caller))
        entry = entry if target.entry is None else target.entry
        caller = caller.f_back
    return None


def assigned(target: Target, entry: int | None, scope: Any) -> Assignment | None:
    """The assignment of a whole value, or of one entry of a table."""
    names = target.names
    if entry is None:
        return Assignment(names[0], target.is_list, scope) if len(names) == 1 else None
    name = names[entry] if len(names) > 1 and entry < len(names) else ""
    return Assignment(name, False, scope) if name else None


def scope_of(frame: FrameType) -> Any:
    """What the variables of a frame belong to: its code, or all statements of a module."""
    code = frame.f_code
    return frame.f_globals if code.co_name == "<module>" else code


class Site(NamedTuple):
    """A call in a code, which stays alive with its id."""

    code: CodeType
    target: Target | None
    whole: Assignment | None


SITES: dict[tuple[int, int], Site] = {}
"""Sites by the id of a code and the instruction in it."""


def site_of(frame: FrameType) -> Site:
    """The call that runs in a frame; its target is found once."""
    key = id(frame.f_code), frame.f_lasti
    found = SITES.get(key)
    if found is None:
        if len(SITES) >= MOST_SITES:
            SITES.clear()
        target = found_target(frame)
        whole = assigned(target, None, scope_of(frame)) if target else None
        found = SITES[key] = Site(frame.f_code, target, whole)
    return found


def found_target(frame: FrameType) -> Target | None:
    """A target whose names are in the code, too: the file may have changed since."""
    where = position(frame)
    target = targets_of(frame).get(where) if where is not None else None
    code = frame.f_code
    known = {*code.co_names, *code.co_varnames, *code.co_cellvars, *code.co_freevars}
    # the variables of a comprehension belong to the function around it, up to CPython 3.11
    is_inner = code.co_name.startswith("<") and code.co_name != "<module>"
    if target is None or is_inner or known.issuperset(target.words):
        return target
    return None


FILES: dict[str, tuple[list[str], dict[Position, Target]]] = {}
"""The lines of files, and the targets in them."""


def targets_of(frame: FrameType) -> dict[Position, Target]:
    """The targets in the source of a frame; none where it is not known (``exec``)."""
    file = frame.f_code.co_filename
    lines = getlines(file, frame.f_globals)
    known = FILES.get(file)
    if known is None or known[0] is not lines:
        if len(FILES) >= MOST_FILES:
            FILES.clear()
        with unwarned():
            known = FILES[file] = lines, targets_in("".join(lines))
    return known[1]


@contextmanager
def unwarned() -> Iterator[None]:
    """No warnings of the user's source: Python has told them."""
    with catch_warnings():
        simplefilter("ignore")
        yield


if sys.version_info >= (3, 11):

    def position(frame: FrameType) -> Position | None:
        """The place in the source of the call that runs in a frame."""
        places = islice(frame.f_code.co_positions(), frame.f_lasti // 2, None)
        line, last_line, column, last_column = next(places, (None,) * 4)
        if line is None or last_line is None or column is None or last_column is None:
            return None
        return line, column, last_line, last_column

else:  # code has lines alone: a library compares its instructions with those of each expression

    def position(frame: FrameType) -> Position | None:
        """The place in the source of the call that runs in a frame."""
        from executing import Source

        with unwarned():
            node = Source.executing(frame).node
        if node is None:
            return None
        return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset
