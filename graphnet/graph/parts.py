"""The attributes of a module, one by one: entries of lists, tuples and dicts count as its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def entries(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """An attribute, or the entries of a list, tuple or dict, with their names."""
    if isinstance(value, list | tuple):
        yield from ((f"{name}.{index}", part) for index, part in enumerate(value))
    elif isinstance(value, dict):
        yield from ((f"{name}.{key}", part) for key, part in value.items())
    else:
        yield name, value


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
