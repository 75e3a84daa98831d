"""Patterns of names: which paths ``*.bias``, ``encoder.*`` or ``h2h`` select."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from graphnet.errors import GraphError
from graphnet.graph.values.hints import did_you_mean

SHOWN = 20
"""How many paths an error lists."""


def matches(path: str, pattern: str) -> bool:
    """Whether a pattern, with ``*`` and ``?``, fits a path or the end of one after a point.

    A pattern that ends with a point and a star selects all parts of what comes before it.
    """
    steps = path.split(".")
    ends = (".".join(steps[start:]) for start in range(len(steps)))
    return fnmatchcase(f".{path}", pattern) or any(fnmatchcase(end, pattern) for end in ends)


def matching_paths(pattern: str, paths: Iterable[str], owner: str) -> list[str]:
    """The paths that a pattern selects, in their order; raises GraphError if there is none."""
    known = list(paths)
    found = [path for path in known if matches(path, pattern)]
    if found:
        return found
    rest = f" and {len(known) - SHOWN} more" if len(known) > SHOWN else ""
    listed = ", ".join(known[:SHOWN]) + rest
    guess = did_you_mean(pattern, [*known, *(path.rpartition(".")[2] for path in known)])
    raise GraphError(
        f"{owner} has no parameter {pattern!r}", f"{guess}There are: {listed or 'none'}."
    )
