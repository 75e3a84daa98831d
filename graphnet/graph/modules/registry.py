"""Module classes by name, and the constructor arguments of modules."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np

from graphnet.errors import GraphError
from graphnet.graph.values.module_array import ModuleArray
from graphnet.graph.values.parameter import Parameter

T = TypeVar("T")

MODULE_TYPES: dict[str, type[Any]] = {}
"""Module classes by key: graphnet's own by name, others by module and name."""


def register(cls: type) -> None:
    """Let files name a class."""
    MODULE_TYPES[type_key(cls)] = cls


def new(name: str, *arguments: Any) -> Any:
    """An instance of graphnet's own class of this name, for code below that class."""
    return MODULE_TYPES[name](*arguments)


def type_key(cls: type) -> str:
    """The name of a class in files: bare for graphnet's own classes."""
    return cls.__qualname__ if is_own(cls) else f"{cls.__module__}.{cls.__qualname__}"


def is_own(cls: type) -> bool:
    """Whether a class is one of graphnet's, not of its user."""
    return cls.__module__.startswith("graphnet.")


@lru_cache(maxsize=1024)
def constructor_parameters(cls: Any) -> tuple[inspect.Parameter, ...]:
    """The constructor's parameters, without ``self``."""
    return tuple(inspect.signature(cls.__init__).parameters.values())[1:]


def arguments_of(module: Any) -> Iterator[tuple[inspect.Parameter, Any]]:
    """Each constructor parameter with its value, read from the attribute of the same name.

    Where the argument is a switch, as in ``Linear(bias=True)``, a parameter stands for True.
    Raises GraphError where a class does not keep an argument.
    """
    cls: Any = type(module)
    for parameter in constructor_parameters(cls):
        if not hasattr(module, parameter.name):
            raise GraphError(
                f"does not keep its constructor argument {parameter.name!r}",
                f"Store it in __init__: self.{parameter.name} = {parameter.name}.",
                cls.__name__,
            )
        value = getattr(module, parameter.name)
        is_switch = isinstance(parameter.default, bool) and isinstance(value, Parameter)
        yield parameter, True if is_switch else value


def make(cls: Callable[..., T], arguments: dict[str, Any]) -> T:
    """A module from its constructor arguments by name; ``*modules`` comes as a list."""
    parameters = constructor_parameters(cls)
    names = [p.name for p in parameters]
    starred = next((i for i, p in enumerate(parameters) if p.kind is p.VAR_POSITIONAL), None)
    positional = []
    if starred is not None:  # arguments before the star are positional
        positional = [arguments.pop(name) for name in names[:starred] if name in arguments]
        positional += arguments.pop(names[starred], ())
    return cls(*positional, **arguments)


def written(module: object, hidden: type) -> str:
    """The constructor call, ``Linear(20, 10)``, without defaults and inner modules."""
    try:
        arguments = list(arguments_of(module))
    except GraphError:
        return type(module).__name__
    shown: list[str] = []
    for parameter, value in arguments:
        if isinstance(value, hidden) or (
            isinstance(value, list) and value and holds(value, hidden)
        ):
            continue
        if not is_default(value, parameter.default):
            named = len(shown) < len(arguments) and parameter.default is not parameter.empty
            text = short(value)
            shown.append(f"{parameter.name}={text}" if named else text)
    return f"{type(module).__name__}({', '.join(shown)})"


def holds(value: Any, kind: type) -> bool:
    """Whether a value is, or is a list of, instances of a kind."""
    parts = value if isinstance(value, list) and value else [value]
    return all(isinstance(part, kind) for part in parts)


def is_default(value: Any, default: Any) -> bool:
    if default is True and value is None:  # a bias that was switched off
        return False
    return value is default or (type(value) is type(default) and bool(np.all(value == default)))


def short(value: Any) -> str:
    if isinstance(value, np.ndarray | ModuleArray):
        return f"array{value.shape}"
    return getattr(value, "__name__", None) or repr(value)
