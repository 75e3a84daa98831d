"""Values of plain data against the types that they must have: constructor arguments, entries."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np

from graphnet.errors import FormatError
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.modules.registry import constructor_parameters, is_own
from graphnet.graph.values.parameter import Parameter

Predicate = Callable[[Any], bool]
LARGEST = 2**31
"""No setting is that large: what a module does with one could take all memory, or overflow."""


@lru_cache(maxsize=1024)
def predicate_of(kind: Any) -> Predicate:
    """Whether a value has a type, as annotations write it. True is no number here."""
    if kind is Any:
        return lambda value: True
    if kind in PREDICATES:
        return PREDICATES[kind]
    origin, inner = get_origin(kind), get_args(kind)
    if hasattr(origin, "__value__"):  # NDArray is an alias of its own since NumPy 2.5
        origin = get_origin(origin.__value__)
    if origin in (Union, types.UnionType):
        tests = [predicate_of(each) for each in inner]
        return lambda value: any(test(value) for test in tests)
    if origin in (list, Sequence):
        return predicate_of_all(inner[0])
    if origin is tuple:
        return predicate_of_tuple(inner)
    if origin is dict:
        key, entry = map(predicate_of, inner)
        return lambda value: (
            isinstance(value, dict) and all(map(key, value)) and all(map(entry, value.values()))
        )
    if origin is Callable or not isinstance(origin or kind, type):
        return lambda value: False  # a file holds no functions
    return lambda value: isinstance(value, origin or kind)


def predicate_of_all(kind: Any) -> Predicate:
    """Whether a value is a list or tuple of such entries."""
    entry = predicate_of(kind)
    return lambda value: isinstance(value, list | tuple) and all(map(entry, value))


def predicate_of_tuple(inner: tuple[Any, ...]) -> Predicate:
    """Whether a value is a list or tuple of entries of these types in order."""
    if inner[1:] == (...,):
        return predicate_of_all(inner[0])
    tests = [predicate_of(each) for each in inner]
    return lambda value: (
        isinstance(value, list | tuple)
        and len(value) == len(tests)
        and all(test(entry) for test, entry in zip(tests, value, strict=True))
    )


PREDICATES: dict[Any, Predicate] = {
    int: lambda value: type(value) is int and -LARGEST <= value < LARGEST,
    float: lambda value: type(value) is float or (type(value) is int and abs(value) < 2**1000),
    # a numpy array that stands for a parameter, until the file gives the parameter itself
    Parameter: lambda value: isinstance(value, Parameter | np.ndarray),
    bool: lambda value: type(value) is bool,
}


@lru_cache(maxsize=1024)
def argument_tests(cls: type[BaseModule]) -> Mapping[str, tuple[Predicate, str]]:
    """A test for each constructor argument, and what it expects, from the annotations."""
    found: dict[str, tuple[Predicate, str]] = {}
    for parameter in constructor_parameters(cls):
        kind = get_type_hints(cls.__init__)[parameter.name]
        test = is_switch if kind is bool else predicate_of(kind)
        if parameter.kind is parameter.VAR_POSITIONAL:
            test = predicate_of_all(kind)
        found[parameter.name] = test, str(parameter.annotation)
    return found


def is_switch(value: Any) -> bool:
    """True or False, also as 1 or 0; None is written for a bias that was switched off."""
    return value is None or (type(value) in (bool, int) and value in (0, 1))


def check_arguments(cls: type[BaseModule], arguments: Mapping[str, Any]) -> None:
    """Raise FormatError for an argument that a constructor of graphnet's does not take.

    Classes of a user may be annotated in any way; they check for themselves.
    """
    if not is_own(cls):
        return
    tests = argument_tests(cls)
    for name, value in arguments.items():
        if name not in tests:
            raise FormatError(
                f"gives a {cls.__name__} the argument {name!r}",
                f"It takes: {', '.join(tests) or 'none'}.",
            )
        test, expected = tests[name]
        if not test(value):
            raise FormatError(
                f"gives a {cls.__name__} the {name} {value!r:.80}, expected {expected}",
                "Whole numbers lie within 32 bits, and functions cannot be kept in a file.",
            )


class Form:
    """The entries that a dict must have and those that it may have, each with its type."""

    def __init__(
        self, required: Mapping[str, Any], optional: Mapping[str, Any] | None = None
    ) -> None:
        self.required = required.keys()
        self.kinds = {**required, **(optional or {})}
        self.tests = {name: predicate_of(kind) for name, kind in self.kinds.items()}

    def check(self, value: Any, what: str) -> None:
        """Raise FormatError unless a value is such a dict."""
        if not isinstance(value, dict):
            raise FormatError(f"holds {what} that is {value!r:.60}, expected named entries")
        if not self.required <= value.keys():
            missing = sorted(self.required - value.keys())
            raise FormatError(f"holds {what} without {', '.join(missing)}")
        for name, entry in value.items():
            test = self.tests.get(name)
            if test is None:
                raise FormatError(f"holds {what} with an unknown entry {name!r:.60}")
            if not test(entry):
                kind = self.kinds[name]
                expected = kind.__name__ if kind in (int, str, bool) else kind
                raise FormatError(
                    f"holds {what} whose {name} is {entry!r:.60}, expected {expected}"
                )
