"""Attributes of a module, with the entries of those that are lists, tuples or dicts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np

from graphnet.errors import GraphError
from graphnet.graph.modules.calls import refuse_misspelt
from graphnet.graph.modules.settings import require_setting
from graphnet.graph.values.buffer import Buffer
from graphnet.graph.values.module_array import ModuleArray

T = TypeVar("T")

UNSAVED = (
    "_thread_runs",
    "_executables",
    "_graph",
    "_generator",
    "_memories",
    "_flat_vectors",
    "_told_of_draws",
    "_made_at",
)
"""Attributes that copies and files leave out: caches, and what is private to one object."""
INDICES = ("_position", "_by_name")
"""Indices of a closed graph; they never change."""


def parts_of(owner: Any) -> Iterator[tuple[str, Any]]:
    """All attributes with their names; entries of lists, tuples and dicts as ``name.entry``."""
    for name, value in list(owner.__dict__.items()):  # another thread may add to it
        if name not in UNSAVED:
            yield from entries(name, value)


def entries(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """An attribute, or the entries of a list, tuple or dict, with their names."""
    if isinstance(value, list | tuple):
        yield from ((f"{name}.{index}", part) for index, part in enumerate(value))
    elif isinstance(value, dict):
        yield from ((f"{name}.{key}", part) for key, part in value.items())
    else:
        yield name, value


def private(owner: Any, name: str, make: Callable[[], T]) -> T:
    """An attribute that is made at first use and not copied."""
    attributes = owner.__dict__
    if name not in attributes:
        attributes.setdefault(name, make())  # two threads get the same one
    value: T = attributes[name]
    return value


def checked_attribute(owner: Any, base: type, name: str, value: Any) -> Any:
    """The value to store as an attribute (a copy of an array).

    Raises GraphError where it would hide a method of ``base`` or replace a parameter or buffer, and
    what ``require_setting`` raises.
    """
    kind = type(owner).__name__
    hidden = getattr(base, name, None)
    if callable(hidden) or isinstance(hidden, property):
        raise GraphError(
            f"cannot have an attribute named {name!r}: it would hide {base.__name__}.{name}",
            "Call train() or evaluate()." if "train" in name else "Choose another name.",
            kind,
        )
    is_new = name not in owner.__dict__
    if is_new:
        refuse_misspelt(owner, name)
    held = owner.__dict__.get(name)
    replaced = isinstance(held, ModuleArray)
    if replaced and value is not None and type(value) is not type(held):
        what = type(held).__name__
        way = f".{name}.write(values)" if isinstance(held, Buffer) else f".{name}[...] = values"
        raise GraphError(
            f"would lose its {what.lower()} {name!r}, replaced by a {type(value).__name__}",
            f"Write into it, {way}, or assign a {what}.",
            kind,
        )
    if not is_new and not replaced:
        require_setting(owner, name, value)
    return value.copy() if isinstance(value, np.ndarray) else value


def put(owner: Any, name: str, part: Any) -> None:
    """Set what ``entries`` names: an attribute, or an entry of a list, tuple or dict."""
    attribute, dot, key = name.partition(".")
    if not dot:
        setattr(owner, attribute, part)
        return
    container = getattr(owner, attribute)
    if isinstance(container, dict):
        setattr(owner, attribute, {k: part if str(k) == key else v for k, v in container.items()})
    else:
        changed = [part if str(i) == key else v for i, v in enumerate(container)]
        setattr(owner, attribute, type(container)(changed))


def replaced(module: Any, function: Callable[[Any], Any], made: dict[int, Any], kind: type) -> Any:
    """What a function makes of a module, after its parts; ``made`` has those before by id."""
    if id(module) not in made:
        for name, part in list(module.named_children()):
            other = replaced(part, function, made, kind)
            if other is not part:
                module._put_part(name, other)
        result = function(module)
        if not isinstance(result, kind):
            raise GraphError(
                f"replace: the function returned {result!r} for {module.description()}, expected "
                "a module",
                "Return the module itself where it is to stay.",
            )
        made[id(module)] = module, result
    return made[id(module)][1]
