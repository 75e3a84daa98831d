"""The bytes of a file: a safetensors container, read within limits and written atomically."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from graphnet.atomic_write import write_atomically
from graphnet.errors import FormatError
from graphnet.graph.files.foreign import foreign_kind
from graphnet.ir.core.types import NDArray

KEY = "graphnet"
"""Where in the container's metadata the description is."""

LARGEST_HEADER = 2**25
LARGEST_DESCRIPTION = 2**27
"""Bytes: of the header in the file, and of its description as Python objects."""

DTYPES = {"BOOL", "U8", "I8", "U16", "I16", "U32", "I32", "U64", "I64", "F16", "F32", "F64"}
"""Those of the format's dtypes that NumPy has as numbers."""


def read_container(path: Path) -> tuple[str, dict[str, NDArray]]:
    """The description in a file and all of its arrays. Raises FormatError for what is no whole
    container, FileNotFoundError where there is none."""
    with opened(path) as file:
        text = description_in(file)
        return text, {name: array_of(file, name) for name in file.keys()}  # noqa: SIM118


def read_description(path: Path) -> str:
    """The description alone, without reading the arrays; errors as of ``read_container``."""
    with opened(path) as file:
        return description_in(file)


def description_in(file: Any) -> str:
    text: str | None = (file.metadata() or {}).get(KEY)
    if text is None:
        raise FormatError("is a safetensors file, but holds no graph")
    check_sizes(text)
    return text


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """A container to read from, whose header is known to be small enough."""
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}")
    with path.open("rb") as file:
        length = header_length(file.read(8))
    if length > LARGEST_HEADER:  # it would take more memory than any net's
        problem = f"a header of {length:,} bytes, at most {LARGEST_HEADER:,} are read"
        raise unreadable(path, problem)
    try:
        with safe_open(path, framework="numpy") as file:
            yield file
    except FormatError:
        raise
    except (SafetensorError, ValueError, OSError, MemoryError) as error:
        raise unreadable(path, error) from None


def header_length(start: bytes) -> int:
    """How many bytes the header of a container takes, by the first eight."""
    return int.from_bytes(start[:8], "little")


def check_header(content: bytes) -> None:
    """Raise FormatError for a container that would not be read again."""
    if (length := header_length(content)) > LARGEST_HEADER:
        raise FormatError(f"has a header of {length:,} bytes, at most {LARGEST_HEADER:,} are read")


def check_sizes(text: str) -> None:
    """Raise FormatError for a description that would take too much memory as Python objects."""
    objects = 72 * (text.count("[") + text.count("{")) + 40 * text.count(",")
    if len(text) > LARGEST_HEADER or objects > LARGEST_DESCRIPTION:
        raise FormatError(
            f"holds a description of {len(text):,} characters, and {objects:,} bytes in memory",
            f"At most {LARGEST_HEADER:,} and {LARGEST_DESCRIPTION:,} are read.",
        )


def array_of(file: Any, name: str) -> NDArray:
    dtype = file.get_slice(name).get_dtype()
    if dtype not in DTYPES:
        raise FormatError(f"holds {name:.60} of dtype {dtype}, expected numbers that NumPy has")
    array: NDArray = file.get_tensor(name)
    return array


def unreadable(path: Path, detail: object) -> FormatError:
    """The error for a file that is no container: what it is, if that is known."""
    kind = foreign_kind(path)
    if kind is None:
        return damaged(detail)
    what, hint = kind
    return FormatError(f"is {what}, expected a file written by net.save()", hint)


def damaged(detail: object) -> FormatError:
    return FormatError(
        f"is not a whole graphnet file ({detail})",
        "Expected a file written by net.save(); was it cut short, or written by another program?",
    )


def write_file(path: Path, content: bytes) -> None:
    """Write a file atomically.

    Raises OSError where that cannot be done, also for a target that is a folder or a device.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {path.parent} to write {path.name} into")
    if path.exists() and not path.is_file():
        raise FileExistsError(f"{path} is no file, so none can be written in its place")
    write_atomically(str(path), content)
