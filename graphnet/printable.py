"""Text that XML can hold: what it forbids is shown as the replacement character."""

from __future__ import annotations

import unicodedata


def printable(text: str) -> str:
    """The text without characters invalid in SVG: controls, surrogates, non-characters."""
    return "".join(map(shown, text.replace("\r\n", "\n").replace("\t", " ")))


def shown(c: str) -> str:
    hidden = unicodedata.category(c) in ("Cc", "Cs") or ord(c) & 0xFFFE == 0xFFFE
    return "\N{REPLACEMENT CHARACTER}" if hidden and c != "\n" else c
