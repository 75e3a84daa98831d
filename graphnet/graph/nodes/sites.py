"""Where the value of the call that runs in a frame goes, found once for each call in a code."""

from __future__ import annotations

from linecache import getlines
from types import CodeType, FrameType
from typing import NamedTuple

from graphnet.graph.nodes import lines
from graphnet.graph.nodes.instructions import Instructions
from graphnet.graph.nodes.targets import Target

MOST_SITES, MOST_CODES, MOST_FILES = 10_000, 1000, 100
"""How many calls, functions and files are remembered."""

INNER = {"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"}
"""Code inside a function, which assigns to the function's variables."""

SHARED_NAMES = {"<string>", "<stdin>"}
"""Names of texts from anywhere: what is known of one (``python -c``, from 3.13 on) may be of
another."""


class Site(NamedTuple):
    """A call in a code, which stays alive with its id."""

    code: CodeType
    target: Target | None


SITES: dict[tuple[int, int], Site] = {}
"""Sites by the id of a code and the instruction in it."""


def target_of(frame: FrameType) -> Target | None:
    """Where the value of the call that runs in a frame goes."""
    key = id(frame.f_code), frame.f_lasti
    found = SITES.get(key)
    if found is None:
        make_room(SITES, MOST_SITES)
        found = SITES[key] = Site(frame.f_code, found_target(frame))
    return found.target


def found_target(frame: FrameType) -> Target | None:
    """A target whose names the code uses there, too: the file may have changed since."""
    known = instructions(frame.f_code)
    line, last_line, column, last_column = known.places[frame.f_lasti // 2]
    if line is None:
        return None
    if last_line is None or column is None or last_column is None:
        target = lines.target_of(frame, source(frame), known.is_stored(frame.f_lasti))
    else:
        target = source(frame).at.get((line, column, last_line, last_column))
    if target is None or known.uses(target.words):
        return target
    outer = around(frame).f_code
    return target if instructions(outer).uses(target.words) else None


def around(frame: FrameType) -> FrameType:
    """The frame of the function around a comprehension, which runs in it; any other as it is."""
    while frame.f_code.co_name in INNER and frame.f_back is not None:
        frame = frame.f_back
    return frame


CODES: dict[int, Instructions] = {}
"""By the id of their code, which they keep."""


def instructions(code: CodeType) -> Instructions:
    found = CODES.get(id(code))
    if found is None:
        make_room(CODES, MOST_CODES)
        found = CODES[id(code)] = Instructions(code)
    return found


FILES: dict[str, lines.Source] = {}


def source(frame: FrameType) -> lines.Source:
    """The source of a frame, without targets where it is not known (``exec``)."""
    file = frame.f_code.co_filename
    text = [] if file in SHARED_NAMES else getlines(file, frame.f_globals)
    known = FILES.get(file)
    if known is None or known.text is not text:
        make_room(FILES, MOST_FILES)
        known = FILES[file] = lines.Source(text)
    return known


def make_room(cache: dict, most: int) -> None:  # type: ignore[type-arg]
    if len(cache) >= most:
        cache.clear()
