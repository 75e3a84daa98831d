"""Optional inputs: the last entries of an input table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graphnet.errors import GraphError
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.values import table
from graphnet.source import calling_line, place

RESERVED = ("inputs", "keep", "trace", "trace_weights", "check_finite", "grad_outputs", "self")
"""Names of arguments of run and forward: no optional input can have them."""


def arranged(module: BaseModule, inputs: Sequence[Any], named: Mapping[str, Any]) -> Any:
    """The input of a call: its argument, or the table of several.

    Only modules with optional inputs take several arguments, or arguments by name. Raises
    GraphError for others.
    """
    names = module.optional_inputs()
    if len(inputs) > 1 and not names:
        raise GraphError(
            f"received {len(inputs)} arguments, expected one",
            "Pass several inputs as a list: module([a, b]).",
            f"{type(module).__name__} ({place(*calling_line())})",
        )
    value = inputs[0] if len(inputs) == 1 else list(inputs)
    if not named:
        return value
    return named_entries(module, value, module.required_inputs(), names, named)


def whole_table(module: BaseModule, inputs: Any, required: int, names: Sequence[str]) -> list[Any]:
    """The whole input table, None for what is not given; a bare value is its first entry.

    Raises GraphError for too many entries, or None for a required one.
    """
    entries = list(inputs) if table.is_table(inputs) else [inputs]
    total = required + len(names)
    if not required <= len(entries) <= total:
        least = "" if required == 1 else f"{required} inputs and "
        raise GraphError(
            f"expects {least or 'its input and '}at most {', '.join(names)} after "
            f"{'it' if required == 1 else 'them'}, received {table.describe(inputs)}",
            "Optional inputs can be given by name; None leaves one out.",
            type(module).__name__,
        )
    if any(entry is None for entry in entries[:required]):
        raise GraphError(
            "receives None, expected an array or a table of arrays",
            "Is a name mistyped, or did a function return nothing?",
            type(module).__name__,
        )
    return entries + [None] * (total - len(entries))


def named_entries(
    module: BaseModule, inputs: Any, required: int, names: Sequence[str], named: Mapping[str, Any]
) -> list[Any]:
    """The whole input table, with the optional inputs that are given by name."""
    for name in named:
        if name not in names:
            raise GraphError(
                f"has no optional input named {name!r}",
                f"There are: {', '.join(names)}."
                if names
                else "Pass several inputs as a list: forward([a, b]).",
                type(module).__name__,
            )
    entries = whole_table(module, inputs, required, names)
    for name, value in named.items():
        position = required + list(names).index(name)
        if entries[position] is not None:
            raise GraphError(f"received {name} twice", "", type(module).__name__)
        if table.is_table(value) and value and all(type(n) in (int, float) for n in value):
            value = np.array(value)  # lengths as a list: one array, not many numbers
        entries[position] = value
    return entries
