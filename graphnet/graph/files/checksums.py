"""Checksums in a file: of its description, and of each array, so that damage is named."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any

from graphnet.errors import FormatError
from graphnet.graph.files.settings import Form
from graphnet.ir.core.types import NDArray

START, LENGTH = '{"checksum": "', 8
NOTE = Form({"of": str, "checksum": str})
HINT = "It was damaged after it was written, by a disk or a transfer: use another copy."


def sealed(content: Mapping[str, Any]) -> str:
    """JSON whose first entry is the checksum of all that follows it."""
    rest = ", " + json.dumps(content)[1:]
    return START + checksum_of_text(rest) + '"' + rest


def is_sealed(text: str) -> bool:
    return text.startswith(START)


def check_seal(text: str) -> None:
    """Raise FormatError unless a sealed text is as it was written."""
    stop = len(START) + LENGTH
    expected, found = text[len(START) : stop], checksum_of_text(text[stop + 1 :])
    if not is_sealed(text) or found != expected or text[stop : stop + 1] != '"':
        raise FormatError(
            f"holds a damaged description: its checksum is {found}, expected {expected}", HINT
        )


def checksum_of_text(text: str) -> str:
    return f"{zlib.crc32(text.encode()):0{LENGTH}x}"


def checksum(array: NDArray) -> str:
    """CRC-32 of dtype, shape and bytes (in C order): it finds every damage within 32 bits, and of
    any other all but one in four thousand million."""
    start = zlib.crc32(f"{array.dtype.str}{array.shape}".encode())
    return f"{zlib.crc32(array.data, start):0{LENGTH}x}"


def checksums(arrays: Mapping[str, NDArray], paths: Mapping[str, str]) -> dict[str, Any]:
    """What a file notes of its arrays: the checksum of each, and where in the module it belongs."""
    return {
        name: {"of": paths.get(name, name), "checksum": checksum(array)}
        for name, array in arrays.items()
    }


def check_checksums(noted: Mapping[str, Any], arrays: Mapping[str, NDArray]) -> None:
    """Raise FormatError that names the first array which is damaged, missing or not noted."""
    for name, note in noted.items():
        NOTE.check(note, f"a checksum of {name:.60}")
        array = arrays.get(name)
        if array is None:
            raise FormatError(f"lacks the values of {note['of']:.200} ({name})", HINT)
        if (found := checksum(array)) != note["checksum"]:
            raise FormatError(
                f"holds damaged values of {note['of']:.200} ({array.dtype}{list(array.shape)}): "
                f"their checksum is {found}, expected {note['checksum']:.60}",
                HINT,
            )
    unknown = [name for name in arrays if name not in noted]
    if unknown:
        raise FormatError(f"holds values that it does not describe: {', '.join(unknown)[:80]}")
