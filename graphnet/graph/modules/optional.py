"""Inputs of a call, by position and by name; optional ones are the last entries of the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graphnet.errors import GraphError
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.values import table
from graphnet.graph.values.hints import did_you_mean
from graphnet.source import calling_line, place

RESERVED = ("inputs", "keep", "trace", "trace_weights", "check_finite", "grad_outputs", "self")
"""Names of arguments of run and forward: no optional input can have them."""

NAMING = "For the name of a node: module(x).annotate(name=…), or assign it to a variable."


def arranged(module: BaseModule, inputs: Sequence[Any], named: Mapping[str, Any]) -> Any:
    """The input of a call: its only argument, or the table of several, some by name.

    A table as the only positional argument is the input table, or its beginning. Raises GraphError
    for an unknown, missing or repeated name, and for several arguments of a module of one value.
    """
    if len(inputs) == 1 and not named:
        return inputs[0]
    first, optional = module.required_names(), module.optional_inputs()
    names, required = (*first, *optional), len(first) or module.required_inputs()
    total = required + len(optional)
    if "inputs" in named and not inputs and "inputs" not in names:
        named = dict(named)
        inputs = [named.pop("inputs")]
        return arranged(module, inputs, named)
    if not inputs and not named:
        hint = listed(names) or "Give it: forward(x), and after it backward(x, gradient)."
        raise GraphError("received no input", hint, type(module).__name__)
    if len(inputs) > 1 and total == 1:
        raise GraphError(
            f"received {len(inputs)} arguments, expected one",
            "Its compute takes one value: give a table as a list, module([a, b]). Of a graph or a "
            "criterion, inputs may be several arguments.",
            f"{type(module).__name__} ({place(*calling_line())})",
        )
    if named or not required <= len(inputs) <= total:
        return whole_call(module, inputs, named, names, required, total)
    return list(inputs)


def whole_call(
    module: BaseModule,
    inputs: Sequence[Any],
    named: Mapping[str, Any],
    names: Sequence[str],
    required: int,
    total: int,
) -> Any:
    """The input value or table of a call with named arguments; raises GraphError as ``arranged``.

    ``names`` are those of the last inputs of ``total``, of which the first are ``required``.
    """
    for name in named:
        if name not in names:
            raise unknown_input(module, name, names)
    subject = type(module).__name__
    is_whole = len(inputs) == 1 and total > 1 and table.is_table(inputs[0])
    given = list(inputs[0] if is_whole else inputs)
    if len(given) > total:
        received = table.describe(given)
        raise GraphError(f"takes {total} inputs, received {received}", listed(names), subject)
    entries: list[Any] = [*given, *[MISSING] * (total - len(given))]
    for name, value in named.items():
        position = total - len(names) + names.index(name)
        is_optional = position >= required
        if entries[position] is not MISSING and not (is_optional and entries[position] is None):
            hint = "One list is the table of all inputs." if is_whole else ""
            raise GraphError(f"received {name} twice", hint, subject)
        entries[position] = as_lengths(value) if is_optional else value
    missing = [i for i, entry in enumerate(entries[:required]) if entry is MISSING]
    if missing:
        lacking = [names[i] if len(names) == total else f"input {i + 1}" for i in missing]
        raise GraphError(f"received no {', no '.join(lacking)}", listed(names), subject)
    if total == 1:
        return entries[0]
    return [None if entry is MISSING else entry for entry in entries]


MISSING = object()
"""An input that is not given."""


def as_lengths(value: Any) -> Any:
    """A list of numbers for an optional input as one array, not as many numbers."""
    if table.is_table(value) and value and all(type(n) in (int, float) for n in value):
        return np.array(value)
    return value


def listed(names: Sequence[str]) -> str:
    """The names of a module's inputs, as a hint."""
    return f"Its inputs: {', '.join(names)}." if names else ""


def unknown_input(module: BaseModule, name: str, names: Sequence[str]) -> GraphError:
    hint = f"{did_you_mean(name, names)}{listed(names)}"
    if name in RESERVED:
        hint = f"{name} is an argument of run, forward or backward."
    elif name in ("name", "description"):
        hint = NAMING
    elif not names:
        hint = "Its inputs have no names: forward(x), or forward([a, b])."
    return GraphError(f"has no input named {name!r}", hint, type(module).__name__)


def whole_table(module: BaseModule, inputs: Any, required: int, names: Sequence[str]) -> list[Any]:
    """The whole input table, None for what is not given; a bare value is its first entry.

    Raises GraphError for too many entries, or None for a required one.
    """
    entries = list(inputs) if table.is_table(inputs) else [inputs]
    total = required + len(names)
    if not required <= len(entries) <= total:
        least = ", ".join(module.required_names()) if required > 1 else ""
        least = least or ("its input" if required == 1 else f"{required} inputs")
        raise GraphError(
            f"expects {least} and at most {', '.join(names)} after "
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
