"""Tables of names that are none here: aliases, and equivalents that an error tells."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Any

from graphnet.errors import UnknownNameError
from graphnet.source import calling_frame
from graphnet.tracebacks import public


@dataclass(frozen=True)
class Names:
    """The names that people look for in one place.

    ``aliases`` are those of the same arguments and meaning, by what they are here. ``equivalents``
    say what to write for others (several with one answer in one row), with code between backquotes.
    """

    aliases: Mapping[str, str]
    equivalents: Mapping[str, str]

    def __post_init__(self) -> None:
        rows = {name: text for names, text in self.equivalents.items() for name in names.split()}
        object.__setattr__(self, "equivalents", rows)

    def attribute(self, owner: Any, title: str, name: str) -> Any:
        """What an alias stands for, of an owner that has no attribute of this name.

        Raises UnknownNameError, which names the equivalent or guesses a name that there is;
        ImportError with the equivalent, where ``from … import`` asks.
        """
        if name in self.aliases:
            return getattr(owner, self.aliases[name])
        error = self.error(owner, title, name)
        if name in self.equivalents and is_import(calling_frame()):
            raise ImportError(str(error))  # of an AttributeError, imports would hide the text
        raise error

    def lookups(
        self, module: str, public_names: list[str]
    ) -> tuple[Callable[[], list[str]], Callable[[str], Any]]:
        """``__dir__`` and ``__getattr__`` of a module: public names alone, and ``attribute``."""

        @public
        def attribute(name: str) -> Any:
            return self.attribute(sys.modules[module], module, name)

        return lambda: public_names, attribute

    def error(self, owner: Any, title: str, name: str) -> UnknownNameError:
        hint = self.equivalents.get(name, "").replace("`", "")
        error = UnknownNameError(
            f"has no attribute {name!r}", f"Here: {hint}." if hint else "", title
        )
        error.name, error.obj = name, owner
        return error


def is_import(frame: FrameType) -> bool:
    """Whether a frame looks for a name on behalf of ``from … import``."""
    return frame.f_code.co_name == "_handle_fromlist"
