"""Selections: which values a run keeps, by names of nodes and parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from graphnet.errors import GraphError
from graphnet.graph.values.hints import did_you_mean, listed

Names = bool | tuple[str, ...]
"""All, none, or those of these names."""


class Selection(NamedTuple):
    """Which values a run keeps.

    ``keep``: nodes outside sequences; ``trace``: nodes inside sequences, at each step; ``weights``:
    parameters read inside sequences, whose gradients are kept for each step.
    """

    keep: Names = True
    trace: Names = False
    weights: Names = False

    @staticmethod
    def of(*names: bool | Iterable[str]) -> Selection:
        return Selection(*[n if isinstance(n, bool) else checked_names(n) for n in names])


NOTHING = Selection(keep=False)


def checked_names(names: Iterable[str]) -> tuple[str, ...]:
    if isinstance(names, str):
        return (names,)
    found = tuple(names)
    for name in found:
        if not isinstance(name, str):
            raise GraphError(f"{name!r} is no name of a node", "Names are text: trace=['gate'].")
    return found


def is_selected(names: Names, path: str) -> bool:
    """Whether a path is among the names; a name may be the end of a path."""
    if isinstance(names, bool):
        return names
    return any(path == name or path.endswith(f".{name}") for name in names)


def join_path(path: str, name: str) -> str:
    """The path of a part of this name."""
    return f"{path}.{name}" if path and name else path or name


def unused_path(path: str, taken: Mapping[str, Any]) -> str:
    """The path, or the path with a number where it is in use (a node computed several times)."""
    number = 2
    name = path
    while name in taken:
        name, number = f"{path}_{number}", number + 1
    return name


def full_path(
    name: str,
    known: Iterable[str],
    owner: str = "The run",
    more: str = " For nodes inside a sequence: trace=True.",
) -> str:
    """The path of this name: the name itself, or the only path that ends with it.

    Raises GraphError for an unknown or ambiguous name; ``owner`` and ``more`` are for its text.
    """
    paths = list(known)
    if name in paths:
        return name
    found = [path for path in paths if path.endswith(f".{name}")]
    if len(found) == 1:
        return found[0]
    if found:
        raise GraphError(f"{name!r} names {len(found)} nodes", f"There are: {', '.join(found)}")
    guess = did_you_mean(name, [*paths, *(path.rpartition(".")[2] for path in paths)])
    hint = listed(guess, paths) if paths else "Nothing was kept"
    end = "" if hint.endswith("?") else "."
    raise GraphError(f"{owner} has no node named {name!r}", f"{hint}{end}{more}")


class ByName(dict[str, Any]):
    """A dictionary whose keys may be given by the end of their path."""

    def __missing__(self, key: str) -> Any:
        return self[full_path(key, self)]
