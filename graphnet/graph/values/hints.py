"""Names close to a misspelt one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``Did you mean gate? `` for a close known name, else an empty string."""
    close = get_close_matches(name, {word for word in known if word != name}, 1)
    return f"Did you mean {close[0]}? " if close else ""
