"""Names close to a misspelt one, and lists of those that there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

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
