"""Tables: values nested in lists and tuples, flattened into leaves and unflattened again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from graphnet.graph.values.hints import kind_of

Structure = tuple[Any, ...] | str | None
"""None for a leaf, a tuple of structures for a table, ABSENT for an input that is not given."""

ABSENT = "absent"


def is_table(value: Any) -> bool:
    return isinstance(value, list | tuple)


SHOWN = 6
"""How many entries of a table an error message shows."""


def flatten(value: Any, absent: bool = False) -> tuple[list[Any], Structure]:
    """The leaves of a value in order, and its structure; with ``absent``, None is no leaf."""
    leaves: list[Any] = []
    return leaves, collect(value, absent, leaves)


def collect(part: Any, absent: bool, leaves: list[Any]) -> Structure:
    # No function within flatten: one that calls itself is a cycle, which would keep the leaves
    # (large arrays) until Python's collector comes by.
    if is_table(part):
        return tuple([collect(inner, absent, leaves) for inner in part])
    if part is None and absent:
        return ABSENT
    leaves.append(part)
    return None


def count(structure: Structure) -> int:
    """How many leaves a value of this structure has."""
    if structure is None:
        return 1
    return 0 if structure == ABSENT else sum(count(part) for part in structure)


def unflatten(structure: Structure, leaves: Sequence[Any]) -> Any:
    """The value (tables as lists) of this structure with these leaves."""
    return leaves[0] if structure is None else build(structure, iter(leaves))


def build(structure: Structure, leaves: Iterator[Any]) -> Any:
    if structure == ABSENT:
        return None
    if structure is None:
        return next(leaves)
    return [build(part, leaves) for part in structure]


def map_table(function: Callable[[Any], Any], value: Any) -> Any:
    """Apply a function to each leaf."""
    if is_table(value):
        return [map_table(function, part) for part in value]
    return function(value)


def walk(value: Any, path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Any]]:
    """Each leaf with its position: the table indices that lead to it."""
    if is_table(value):
        for index, part in enumerate(value):
            yield from walk(part, (*path, index))
    else:
        yield path, value


def describe(value: Any) -> str:
    """The shapes of a value, as ``(32, 400)`` or ``[(32, 400), (32, 10)]``."""
    if value is None:
        return "nothing"
    if is_table(value):
        shown = [*map(describe, value[:SHOWN]), *(["…"] if len(value) > SHOWN else [])]
        return f"[{', '.join(shown)}]"
    shape = getattr(value, "shape", None)
    return str(tuple(shape)) if isinstance(shape, tuple | list) else kind_of(value)


def position_text(path: tuple[int, ...]) -> str:
    return "".join(f"[{index}]" for index in path)
