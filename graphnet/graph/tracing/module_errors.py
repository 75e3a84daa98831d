"""The call of ``compute``, and the error for an input that a library's module cannot take."""

from __future__ import annotations

from typing import Any

from graphnet.errors import GraphError, GraphnetError, UnknownNameError
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.modules.registry import is_own
from graphnet.graph.values import table
from graphnet.source import packages_of

MISFITS = (AttributeError, TypeError, ValueError, LookupError, ZeroDivisionError)
"""What Python raises where a list stands for an array, or an entry is missing."""
OWN = {"graphnet", "numpy", "functools", "contextlib"}
"""The packages whose functions the ``compute`` of a library's module calls."""


def computed(module: BaseModule, value: Any) -> Any:
    """The result of ``compute``; raises GraphError for None, and for what it cannot take."""
    try:
        result = module.compute(value)
    except MISFITS as error:
        if isinstance(error, GraphnetError) and not isinstance(error, UnknownNameError):
            raise
        if (found := misfit(module, value, error)) is error:
            raise
        raise found from error
    if nothing_in(module, value, result):
        raise GraphError("received an empty table of inputs")
    if has_none(result) and not has_none(value):
        raise GraphError("returns None from compute", "Is a return statement missing?")
    return result


def has_none(value: Any) -> bool:
    return any(leaf is None for leaf in table.flatten(value)[0])


def misfit(module: BaseModule, value: Any, error: Exception) -> Exception:
    """The error for what ``compute`` raised: a GraphError, if no code of a user was at work."""
    if not is_own(type(module)) or not packages_of(error) <= OWN:
        return error
    kind = "the table " if table.is_table(value) else ""
    summary, _, _ = (type(module).__doc__ or "").partition("\n")
    hint = f"{type(module).__name__}: {summary}"
    reason = "a table stands where it takes an array" if is_of_list(error) else str(error)
    return GraphError(f"cannot take {kind}{table.describe(value)}: {reason}", hint)


def is_of_list(error: Exception) -> bool:
    """Whether an exception is what Python says of a list that is used as an array."""
    said = str(error)
    return isinstance(error, AttributeError | TypeError) and (
        "'list'" in said or "sequence" in said or "to list" in said
    )


def nothing_in(module: BaseModule, value: Any, result: Any) -> bool:
    """Whether a library's module made something of a table without any array."""
    return (
        table.is_table(value)
        and is_own(type(module))
        and not table.flatten(value)[0]
        and bool(table.flatten(result)[0])
    )
