"""Settings that are assigned to a module: what its constructor refuses is refused then, too."""

from __future__ import annotations

from typing import Any

from graphnet.errors import GraphError
from graphnet.graph.modules.calls import require_type, signature_of
from graphnet.graph.modules.registry import arguments_of, is_own, make
from graphnet.graph.values.context import initialising


def require_setting(owner: object, name: str, value: Any) -> None:
    """Raise what the constructor raises where a setting of a library's module gets a bad value.

    ArgumentError for another type, ValueError for a number out of range: a module is made of all
    settings, without memory for parameters, and forgotten. Of one that is made of modules, the type
    alone is tested.
    """
    cls: Any = type(owner)
    if not is_own(cls) or name not in signature_of(cls.__init__).parameters:
        return
    if not initialising.get():  # a file, or the module that is made here
        return
    try:
        arguments = {parameter.name: kept for parameter, kept in arguments_of(owner)}
    except GraphError:  # it is being made
        return
    arguments[name] = value
    if any(holds_modules(each) for each in arguments.values()):
        require_type(cls.__init__, (owner,), name, value)
        return
    token = initialising.set(False)
    try:
        make(cls, arguments)
    finally:
        initialising.reset(token)


def holds_modules(value: Any) -> bool:
    """Whether an argument is a module, a function that makes one, or a list of modules."""
    parts = value if isinstance(value, list | tuple) else (value,)
    return any(hasattr(part, "compute") or callable(part) for part in parts)
