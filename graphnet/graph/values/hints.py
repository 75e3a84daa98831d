"""Words of errors: names close to a misspelt one, those that there are, kinds of values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

SHOWN, BESIDE_GUESS = 20, 5
"""How many names an error lists, and how many at most after a guess."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``Did you mean gate? `` for a close known name, else an empty string."""
    close = get_close_matches(name, {word for word in known if word != name}, 1)
    return f"Did you mean {close[0]}? " if close else ""


def listed(guess: str, names: Sequence[str]) -> str:
    """``There are: a, b``, after a guess only where they are few."""
    if guess and len(names) > BESIDE_GUESS:
        return guess.strip()
    rest = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{guess}There are: {', '.join(names[:SHOWN])}{rest}"


def kind_of(value: Any, article: str = "") -> str:
    """The type of a value, ``a list``; of a class, which is given in place of one, its name."""
    return (
        f"the class {value.__name__}" if isinstance(value, type) else article + type(value).__name__
    )


def instance_of(value: Any, arguments: str, otherwise: str) -> str:
    """``Make one of it: SGD(net).`` for a class, else another hint."""
    return (
        f"Make one of it: {value.__name__}({arguments})." if isinstance(value, type) else otherwise
    )
