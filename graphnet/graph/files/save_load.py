"""Save and load: one safetensors file whose header holds the graph as JSON; no code in it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import save as to_bytes

from graphnet.errors import FormatError, GraphError
from graphnet.graph.files.checksums import check_checksums, check_seal, checksums, is_sealed, sealed
from graphnet.graph.files.container import (
    KEY,
    check_header,
    check_sizes,
    read_container,
    read_description,
    write_file,
)
from graphnet.graph.files.description import Description, describe
from graphnet.graph.files.rebuild import build
from graphnet.graph.files.settings import Form
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.modules.calls import understanding
from graphnet.ir.core.types import NDArray

VERSION = 2
"""The format version that this release writes; it reads this one and those before it."""

ENTRIES = {"version": int, "graph": dict[str, Any], "notes": dict[str, Any]}
UNSEALED = Form(ENTRIES)
SEALED = Form({**ENTRIES, "checksum": str, "checksums": dict[str, Any]})

PICTURES = (".png", ".svg", ".pdf", ".jpg", ".jpeg", ".gif")
"""Suffixes of what is drawn, not saved."""

KINDS = {"parameters": "parameter.", "constants": "constant.", "buffers": "buffer."}
"""How the names of a module's arrays begin, by their kind."""

ARRAY = "array."
"""How those of others begin."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What a file holds: the module, and the notes and arrays kept beside it."""

    module: Any
    notes: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, NDArray] = field(default_factory=dict)


@understanding
def save(
    module: BaseModule,
    path: str | Path,
    *,
    notes: Mapping[str, Any] | None = None,
    arrays: Mapping[str, NDArray] | None = None,
) -> None:
    """Write a module to a file, atomically: an old file stays whole until the new one is on disk.

    ``notes`` (plain JSON values) and ``arrays`` are kept beside it, for checkpoints. Raises
    GraphError for a module that cannot be described (a function in its arguments) and for the
    suffix of a picture, OSError when the disk refuses.
    """
    require_no_picture(module, Path(path))
    found = describe(module)
    tensors = {
        KINDS[kind] + number: storable(array)
        for kind, own in found.arrays().items()
        for number, array in own.items()
    }
    tensors |= {ARRAY + name: storable(a) for name, a in (arrays or {}).items()}
    owners = owners_of(module, found)
    owners |= {ARRAY + name: name for name in arrays or {}}
    content = {"version": VERSION, "graph": found.data, "notes": dict(notes or {})}
    try:
        text = sealed({**content, "checksums": checksums(tensors, owners)})
        check_sizes(text)
        written = to_bytes(tensors, {KEY: text})
        check_header(written)  # quotes in it are escaped once more
    except (TypeError, ValueError, SafetensorError) as error:
        raise GraphError(
            f"cannot be saved: {getattr(error, 'problem', error)}",
            "Only numbers, strings, lists, arrays and modules can be written.",
            type(module).__name__,
        ) from None
    write_file(Path(path), written)


def owners_of(module: BaseModule, found: Description) -> dict[str, str]:
    """The paths of parameters and buffers, by their names in the file."""
    paths: dict[Any, str] = {p: path for path, p in module.named_parameters()}
    paths.update((buffer, path) for path, buffer in module.named_buffers())
    kinds: dict[str, Sequence[Any]] = {"parameters": found.parameters, "buffers": found.buffers}
    return {
        KINDS[kind] + str(i): paths[array]
        for kind, arrays in kinds.items()
        for i, array in enumerate(arrays)
    }


def require_no_picture(module: BaseModule, path: Path) -> None:
    """Raise GraphError for the suffix of a picture."""
    if path.suffix.lower() in PICTURES:
        raise GraphError(
            f"cannot be saved as {path.name}: that is the name of a picture",
            f"gn.draw(net).save({path.name!r}) draws; net.save('{path.stem}.gn') saves.",
            type(module).__name__,
        )


def storable(array: NDArray) -> NDArray:
    """Contiguous and in the byte order of the machine, as the format wants it."""
    native = array.astype(array.dtype.newbyteorder("="), copy=False)
    return np.ascontiguousarray(native).reshape(array.shape)


@understanding
def load(path: str | Path, classes: Iterable[type[BaseModule]] = ()) -> Any:
    """The module saved in a file.

    Classes of your own must be defined (imported) before, or be given in ``classes``. Raises
    FormatError for a file that is damaged, of a newer version, or names an unknown class.
    """
    return read(path, classes).module


def read(
    path: str | Path, classes: Iterable[type[BaseModule]] | Mapping[str, type[BaseModule]] = ()
) -> Stored:
    """The module saved in a file, with the notes and arrays beside it; errors as in ``load``.

    ``classes`` may have the names that the file uses.
    """
    path = Path(path)
    try:
        text, tensors = read_container(path)
        header = checked_header(text, tensors)
        own = {kind: under(prefix, tensors) for kind, prefix in KINDS.items()}
        arrays = under(ARRAY, tensors)
        if sum(map(len, own.values())) + len(arrays) < len(tensors):
            raise FormatError(f"holds values of no kind: {', '.join(tensors):.80}")
        given = classes if isinstance(classes, Mapping) else list(classes)
        module = build(header["graph"], classes=given, **own)
        return Stored(module, header["notes"], arrays)
    except FormatError as error:
        error.locate(path.name)
        raise


def read_notes(path: Path) -> dict[str, Any]:
    """The notes in a file, without its arrays; raises FormatError where none can be read."""
    header = parsed(read_description(path))
    notes = header.get("notes") if isinstance(header, dict) else None
    if not isinstance(notes, dict):
        raise FormatError("holds no notes", subject=path.name)
    return notes


def read_class_names(path: Path) -> set[str]:
    """The classes that a file names; of what ``read`` refuses, none or any."""
    try:
        modules = parsed(read_description(path))["graph"]["modules"]
        return {entry["type"] for entry in modules if isinstance(entry["type"], str)}
    except (FormatError, KeyError, TypeError):
        return set()


def checked_header(text: str, tensors: Mapping[str, NDArray]) -> Any:
    """What the header says, once it and the arrays are known to be as they were written."""
    try:
        header = parsed(text)
    except FormatError:
        if is_sealed(text):
            check_seal(text)  # if it is damage, say so
        raise
    version = header.get("version") if isinstance(header, dict) else None
    if type(version) is not int or version < 1:
        raise FormatError(f"has format version {version!r:.60}, expected a number from 1")
    if version > VERSION:
        raise FormatError(
            f"has format version {version}, this release reads up to {VERSION}", "Update graphnet."
        )
    if version == 1 and not is_sealed(text):
        UNSEALED.check(header, "a header")
        return header
    check_seal(text)
    SEALED.check(header, "a header")
    check_checksums(header["checksums"], tensors)
    return header


def parsed(text: str) -> Any:
    """JSON without entries of the same name, of which readers could take this one or that."""
    try:
        return json.loads(text, object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(f"holds a description that is no JSON ({error})") from None


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise FormatError(f"holds two entries of one name among {list(found)!r:.80}")
    return found


def under(prefix: str, tensors: Mapping[str, NDArray]) -> dict[str, NDArray]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
