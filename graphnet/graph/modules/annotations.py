"""Whether values have the types that annotations name, and these types in words."""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Literal, Union, get_args, get_origin

import numpy as np

from graphnet.graph.values.parameter import Parameter

Predicate = Callable[[Any], bool]
LARGEST = 2**31
"""No setting in a file is that large: a module might take all memory for it, or overflow."""


@lru_cache(maxsize=1024)
def predicate_of(kind: Any, in_file: bool = True) -> Predicate:
    """Whether a value has a type, as annotations write it. True is no number here.

    In a file, whole numbers have 32 bits, and there are no functions; calls may give numbers of
    subclasses, too (an IntEnum).
    """
    if kind is Any:
        return lambda value: True
    if kind in IN_CALLS and not in_file:
        return IN_CALLS[kind]
    if kind in PREDICATES:
        return PREDICATES[kind]
    origin, inner = get_origin(kind), get_args(kind)
    if hasattr(origin, "__value__"):  # NDArray is an alias of its own since NumPy 2.5
        origin = get_origin(origin.__value__)
    if origin in (Union, types.UnionType):
        tests = [predicate_of(each, in_file) for each in inner]
        return lambda value: any(test(value) for test in tests)
    if origin in (list, Sequence):
        return predicate_of_all(inner[0], in_file)
    if origin is tuple:
        return predicate_of_tuple(inner, in_file)
    if origin is dict:
        key, entry = (predicate_of(each, in_file) for each in inner)
        return lambda value: (
            isinstance(value, dict) and all(map(key, value)) and all(map(entry, value.values()))
        )
    if origin is Callable:
        return (lambda value: False) if in_file else is_function
    if origin is Literal:
        return lambda value: type(value) in {type(each) for each in inner}
    if not isinstance(origin or kind, type):
        return lambda value: not in_file
    return lambda value: isinstance(value, origin or kind)


def is_function(value: Any) -> bool:
    """Whether a value can be called; a module is a value, not a function that makes one."""
    return callable(value) and (isinstance(value, type) or not hasattr(value, "compute"))


def predicate_of_all(kind: Any, in_file: bool = True) -> Predicate:
    """Whether a value is a list or tuple of such entries."""
    entry = predicate_of(kind, in_file)
    return lambda value: isinstance(value, list | tuple) and all(map(entry, value))


def predicate_of_tuple(inner: tuple[Any, ...], in_file: bool) -> Predicate:
    """Whether a value is a list or tuple of entries of these types in order."""
    if inner[1:] == (...,):
        return predicate_of_all(inner[0], in_file)
    tests = [predicate_of(each, in_file) for each in inner]
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

IN_CALLS: dict[Any, Predicate] = {
    int: lambda value: isinstance(value, int | np.integer) and not isinstance(value, bool),
    float: lambda value: (
        isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    ),
}


def is_switch(value: Any) -> bool:
    """True or False, also as 1 or 0; None is written for a bias that was switched off."""
    return value is None or (type(value) in (bool, int) and value in (0, 1))


def ordinary(value: Any) -> Any:
    """Python's number for one of a subclass (an IntEnum), and for a whole number as a 0-d array."""
    if type(value) in (int, float, bool) or isinstance(value, bool | np.generic):
        return value
    if isinstance(value, int) or (
        isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind in "iu"
    ):
        return int(value)
    return float(value) if isinstance(value, float) else value


def plain(value: Any) -> Any:
    """An argument with Python's numbers for NumPy's, also inside lists and tuples."""
    if isinstance(value, list | tuple):
        parts = [plain(part) for part in value]
        return parts if isinstance(value, list) else tuple(parts)
    if isinstance(value, Parameter | type) or not hasattr(value, "tolist"):
        return value
    return np.asarray(value) if np.ndim(value) else value.tolist()


WORDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "True or False",
    "str": "a text",
    "None": "None",
    "Module": "a module",
    "GModule": "a closed graph (GModule)",
    "Recurrent": "an nn.Recurrent",
    "NDArray": "an array",
    "Parameter": "a Parameter",
    "Pointwise": "a function that makes a module",
    "tuple[int, int]": "a pair of whole numbers",
    "Sequence[float]": "numbers",
    "Sequence[int]": "a list of whole numbers",
    "Sequence[Module]": "modules",
    "Iterable[Any]": "a list",
    "Mapping[str, Any]": "a dict",
    "Path": "a path",
    "BaseModule": "a module",
    "Reset": "a text",
    "Optimizer": "an optimiser",
    "History": "a train.History",
    "Vocabulary": "a train.Vocabulary",
    "Run": "a run (net.run(…))",
    "Frozen": "parts of the net",
    "Metrics": "functions by name",
    "Schedule": "a function",
    "Batches": "batches",
    "Sequence[Sequence[float]]": "rows of numbers",
}


def in_words(annotation: str) -> str:
    """An annotation as a reader says it: ``a whole number or None``."""
    parts = [part.strip() for part in annotation.split(" | ")]
    words = [
        "a function" if part.startswith("Callable") else WORDS.get(part, part) for part in parts
    ]
    return ", ".join(words[:-1]) + " or " * (len(words) > 1) + words[-1]
