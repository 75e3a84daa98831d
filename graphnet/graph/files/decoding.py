"""Entries of a description as what they stand for: arguments, places, annotations, numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from graphnet.errors import FormatError
from graphnet.graph.modules.base import BaseModule
from graphnet.ir.core.types import NDArray

T = TypeVar("T")

INFINITE = {text: float(text) for text in ("inf", "-inf", "nan")}
NUMERIC = {np.dtype(order + code).str for code in "?bhilqBHILQefd" for order in "<>"}
NUMERIC |= {np.dtype(text).name for text in NUMERIC}
LONGEST = 1000
"""How long the name of a node in a file may be."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the entries of a description may refer to: the modules so far, the file's arrays."""

    modules: Sequence[BaseModule]
    parameters: Mapping[str, NDArray]
    constants: Mapping[str, NDArray]
    buffers: Mapping[str, NDArray]


def decode(value: Any, known: Known) -> Any:
    """An argument from JSON: what ``encode`` wrote. Raises FormatError for anything else."""
    if isinstance(value, list):
        return [decode(part, known) for part in value]
    if not isinstance(value, dict):
        return value
    kind, content = next(iter(value.items()), ("", None))
    if set(value) != ({kind, "dtype"} if kind == "array" else {kind}):
        raise FormatError(f"holds an argument {value!r:.80}, of no kind")
    if kind == "module":
        return numbered(known.modules, content)
    if kind == "tuple" and isinstance(content, list):
        return tuple(decode(part, known) for part in content)
    if kind == "parameter":
        return stored(known.parameters, content, kind)
    if kind == "buffer":
        return stored(known.buffers, content, kind)
    if kind == "constant":
        return with_axes(stored(known.constants, content, kind))
    if kind == "float" and isinstance(content, str) and content in INFINITE:
        return INFINITE[content]
    if kind == "array":
        return plain_array(content, value["dtype"])
    raise FormatError(f"holds an argument {content!r:.60} of unknown kind {kind!r:.60}")


def stored(arrays: Mapping[str, NDArray], number: Any, what: str) -> NDArray:
    """The array of that number."""
    if type(number) is not int or str(number) not in arrays:
        raise FormatError(f"refers to the {what} {number!r:.60} of {len(arrays)}")
    return arrays[str(number)]


def plain_array(content: Any, dtype: Any) -> NDArray:
    """An array written as lists, as version 1 of the format has them."""
    if not isinstance(dtype, str) or not is_numeric(dtype):
        raise FormatError(f"holds an array of dtype {dtype!r:.60}, expected numbers")
    try:
        array = np.array(content, dtype=dtype)
    except (TypeError, ValueError, OverflowError) as error:
        raise FormatError(f"holds an array of {dtype} that cannot be made: {error}") from None
    return with_axes(array)


def with_axes(array: NDArray) -> NDArray:
    """An array that is no number: those are written as numbers."""
    if not array.ndim:
        raise FormatError("holds an array without axes as an argument")
    return array


def is_numeric(text: str) -> bool:
    """Whether a text is the name of a dtype of numbers, as NumPy writes it."""
    return text in NUMERIC


def numbered(items: Sequence[T], number: Any) -> T:
    """The item of that number."""
    if type(number) is not int or not 0 <= number < len(items):
        raise FormatError(f"refers to number {number!r:.60} of {len(items)} parts")
    return items[number]


def parsed_place(text: str) -> tuple[str, int]:
    """``cell.py:18`` as file and line."""
    file, _, line = text.rpartition(":")
    if not (line.isascii() and line.isdigit() and len(line) < 10):
        raise FormatError(f"gives {text!r:.80} as the place of a node, expected FILE:LINE")
    return file, int(line)


def checked_slots(slots: list[int], count: int) -> tuple[int, ...]:
    """Which inputs of its module the parents of a node are; raises FormatError."""
    whole = all(0 <= n < LONGEST for n in slots)
    if not whole or (slots and (len(slots) != count or sorted(set(slots)) != slots)):
        raise FormatError(f"gives {count} parents of a node the input positions {slots!r:.60}")
    return tuple(slots)


SAFE_ATTRIBUTES = {
    *("bgcolor", "color", "fillcolor", "fontcolor", "fontname", "fontsize", "label", "xlabel"),
    *("group", "height", "width", "margin", "fixedsize", "labelloc", "ordering", "rank", "weight"),
    *("shape", "sides", "orientation", "peripheries", "penwidth", "style", "tooltip"),
}
"""What a file may set in Graphviz: nothing that refers to other files, or to addresses."""


def checked_attributes(attributes: Mapping[str, str]) -> Mapping[str, str]:
    """The Graphviz attributes of a node; raises FormatError for what a file may not set."""
    for name, value in attributes.items():
        if name not in SAFE_ATTRIBUTES or value.lstrip().startswith("<"):
            raise FormatError(
                f"sets the Graphviz attribute {name:.60}={value!r:.60}",
                "A file may set colours, sizes, shapes and plain labels only.",
            )
    return attributes


def checked_name(name: str | None) -> str | None:
    """The name of a node; its meaning is checked where the node is named."""
    if name is not None and len(name) > LONGEST:
        raise FormatError(f"names a node with {len(name):,} characters, expected {LONGEST:,}")
    return name
