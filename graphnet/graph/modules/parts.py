"""The attributes of a module one by one; entries of lists, tuples and dicts are its own too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from graphnet.errors import GraphError
from graphnet.graph.modules.state import UNSAVED
from graphnet.graph.values.parameter import Parameter
from graphnet.graph.values.selection import joined

if TYPE_CHECKING:
    from graphnet.graph.modules.module import Module

T = TypeVar("T")


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
    """An attribute that belongs to this very object and is made at first use."""
    attributes = owner.__dict__
    if name not in attributes:
        attributes.setdefault(name, make())  # two threads get the same one
    value: T = attributes[name]
    return value


def checked_attribute(owner: Any, base: type, name: str, value: Any) -> Any:
    """The value to store as an attribute; raises GraphError where one would lose something."""
    kind = type(owner).__name__
    hidden = getattr(base, name, None)
    if callable(hidden) or isinstance(hidden, property):
        raise GraphError(
            f"cannot have an attribute named {name!r}: it would hide {base.__name__}.{name}",
            "Call train() or evaluate()." if name == "training" else "Choose another name.",
            kind,
        )
    replaced = isinstance(owner.__dict__.get(name), Parameter)
    if replaced and value is not None and not isinstance(value, Parameter):
        raise GraphError(
            f"would lose its parameter {name!r}, replaced by a {type(value).__name__}",
            f"Write into it, .{name}[...] = values, or assign a Parameter.",
            kind,
        )
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


def walk_parameters(module: Module) -> Iterator[tuple[str, Parameter]]:
    """Each parameter of a module and of its parts once, with the path of its first place."""
    seen: set[Parameter] = set()
    for path, part in module.named_modules():
        for name, parameter in part.own_parameters():
            if parameter not in seen:
                seen.add(parameter)
                yield joined(path, name), parameter


def text_of_parts(module: Module) -> str:
    """A module and its parts, one on each line, those inside another one further right."""
    lines: list[str] = []
    stack: list[tuple[int, str, Module]] = [(0, "", module)]
    while stack:
        depth, label, part = stack.pop()
        lines.append("  " * depth + label + part.description())
        inner = [(depth + 1, f"{name}: ", child) for name, child in part.named_children()]
        stack.extend(reversed(inner))
    return "\n".join(lines)


def walk_modules(module: Module) -> Iterator[tuple[str, Module]]:
    """A module (named ``""``) and all its parts with their paths, each once, depth first."""
    seen: set[int] = set()
    stack: list[tuple[str, Module]] = [("", module)]
    while stack:
        path, part = stack.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        yield path, part
        children = [
            (path if n == part.inside else joined(path, n), m) for n, m in part.named_children()
        ]
        stack.extend(reversed(children))
