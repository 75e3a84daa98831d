"""Values of plain data against the types that they must have: constructor arguments, entries."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, get_type_hints

from graphnet.errors import FormatError
from graphnet.graph.modules.annotations import (
    Predicate,
    is_switch,
    predicate_of,
    predicate_of_all,
)
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.modules.registry import constructor_parameters, is_own
from graphnet.graph.modules.spellings import former_name


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


def present_names(cls: type[BaseModule], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments by the names that they have now; files may give former ones."""
    if not is_own(cls):
        return dict(arguments)
    known = {parameter.name for parameter in constructor_parameters(cls)}
    return {former_name(name, known): value for name, value in arguments.items()}


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
