"""Text to train on: reading it, and the vocabulary that numbers its characters."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from graphnet.errors import DataError
from graphnet.graph.modules.calls import checked
from graphnet.ir.core.types import NDArray


@checked
def read_text(path: str | Path) -> str:
    """The text of a UTF-8 file; raises DataError if it is empty or not UTF-8."""
    path = Path(path)
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"is not UTF-8 text: byte 0x{content[error.start]:02x} at position {error.start}",
            "Convert it first, for example with iconv -f latin1 -t utf-8.",
            path.name,
        ) from None
    if not text:
        raise DataError("is empty", "Give a file with some text in it.", path.name)
    return text


RULED = re.compile(r"\s*(\|.*\||[-+|=*~^\s]{4,})")
"""A row of a table or a line under a heading: long runs of one sign teach a model little."""


def documentation_text() -> str:
    """The documentation of Python's language as included in Python, without ruled lines."""
    from pydoc_data.topics import topics

    lines = "\n\n".join(topics[name] for name in sorted(topics)).split("\n")
    return "\n".join(line for line in lines if not line or not RULED.fullmatch(line))


class Vocabulary:
    """The distinct characters of a text in the order of their code points, numbered from 0.

    Raises DataError for an empty text.

    >>> letters = Vocabulary("abracadabra")
    >>> len(letters), letters.encode("cab"), letters.decode([3, 0, 1])
    (5, array([2, 0, 1]), 'dab')
    """

    @checked
    def __init__(self, text: str) -> None:
        if not text:
            raise DataError("A vocabulary needs text, received none")
        self.characters = "".join(sorted(set(text)))
        self._codes = code_points(self.characters)

    def __len__(self) -> int:
        return len(self.characters)

    def encode(self, text: str) -> NDArray:
        """The numbers of the characters, (characters,); raises DataError for unknown ones."""
        unknown = set(text) - set(self.characters)
        if unknown:
            raise DataError(
                f"has no {listed(unknown)}",
                f"It holds the {len(self)} characters of the text that it was made from.",
                "The vocabulary",
            )
        return np.searchsorted(self._codes, code_points(text))

    def decode(self, numbers: Iterable[int]) -> str:
        """The characters of these numbers, as one string."""
        return "".join(self.characters[number] for number in numbers)


def code_points(text: str) -> NDArray:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.dtype("<u4"))


def require_same_characters(trained: str, received: str) -> None:
    """Raise DataError that names the characters in which two vocabularies differ."""
    if trained == received:
        return
    new, missing = set(received) - set(trained), set(trained) - set(received)
    parts = [f"has {listed(new)} besides"] if new else []
    parts += [f"lacks {listed(missing)}"] if missing else []
    raise DataError(
        f"was trained on {len(trained)} characters, but this text {' and '.join(parts)}",
        "Resume with the text that the training began with, or start anew in another folder.",
        "The checkpoint",
    )


def listed(characters: Iterable[str], most: int = 10) -> str:
    """Some characters, quoted and in order."""
    ordered = sorted(characters)
    shown = ", ".join(map(repr, ordered[:most]))
    return shown + (f" and {len(ordered) - most} more" if len(ordered) > most else "")
