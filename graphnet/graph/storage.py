"""Save and load: one safetensors file whose header holds the graph as JSON; no code in it."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from graphnet.errors import FormatError, GraphError
from graphnet.graph.description import describe
from graphnet.graph.module import Module
from graphnet.graph.rebuild import build
from graphnet.ir.types import NDArray

VERSION = 1
"""The format version that this release writes; it reads this one and those before it."""

KEY = "graphnet"
PARAMETER, ARRAY = "parameter.", "array."


@dataclass(frozen=True, slots=True)
class Stored:
    """What a file holds: the module, and the notes and arrays kept beside it."""

    module: Module
    notes: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, NDArray] = field(default_factory=dict)


def save(
    module: Module,
    path: str | Path,
    *,
    notes: Mapping[str, Any] | None = None,
    arrays: Mapping[str, NDArray] | None = None,
) -> None:
    """Write a module to a file, atomically: an old file stays whole until the new one is on disk.

    ``notes`` (plain JSON values) and ``arrays`` are kept beside it, for checkpoints. Raises
    GraphError for a module that cannot be described (a function in its arguments), OSError when
    the disk refuses.
    """
    description, parameters = describe(module)
    tensors = {PARAMETER + str(i): storable(p.data) for i, p in enumerate(parameters)}
    tensors.update({ARRAY + name: storable(a) for name, a in (arrays or {}).items()})
    try:
        header = json.dumps({"version": VERSION, "graph": description, "notes": dict(notes or {})})
    except (TypeError, ValueError) as error:
        raise GraphError(
            f"cannot be saved: {error}",
            "Only numbers, strings, lists and modules can be written.",
            "module",
        ) from None
    write_atomically(Path(path), to_bytes(tensors, {KEY: header}))


def storable(array: NDArray) -> NDArray:
    """Contiguous, as the format wants it."""
    return np.ascontiguousarray(array).reshape(array.shape)


def load(path: str | Path, classes: Iterable[type[Module]] = ()) -> Any:
    """The module saved in a file.

    Classes of your own must be defined (imported) before, or be given in ``classes``. Raises
    FormatError for a file that is damaged, of a newer version, or names an unknown class.
    """
    return read(path, classes).module


def read(path: str | Path, classes: Iterable[type[Module]] = ()) -> Stored:
    """The module saved in a file, with the notes and arrays beside it; errors as in ``load``."""
    path = Path(path)
    header, tensors = read_tensors(path)
    parameters, arrays = under(PARAMETER, tensors), under(ARRAY, tensors)
    try:
        if header["version"] > VERSION:
            raise FormatError(
                f"has format version {header['version']}, this release reads up to {VERSION}",
                "Update graphnet.",
            )
        module = build(header["graph"], parameters, list(classes))
        return Stored(module, dict(header["notes"]), arrays)
    except FormatError as error:
        error.locate(path.name)
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        raise damaged(path, f"{type(error).__name__}: {error}") from None


def read_tensors(path: Path) -> tuple[Any, dict[str, NDArray]]:
    """The JSON header and all arrays of a file."""
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            if KEY not in metadata:
                raise FormatError("is a safetensors file, but holds no graph", subject=path.name)
            header = json.loads(metadata[KEY])
            return header, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FormatError:
        raise
    except (SafetensorError, ValueError, OSError, RecursionError, MemoryError) as error:
        raise damaged(path, str(error)) from None


def under(prefix: str, tensors: Mapping[str, NDArray]) -> dict[str, NDArray]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def damaged(path: Path, detail: str) -> FormatError:
    return FormatError(
        f"is not a whole graphnet file ({detail})",
        "Expected a file written by net.save(); was it cut short, or written by another program?",
        path.name,
    )


def write_atomically(path: Path, content: bytes) -> None:
    """Write beside the target, flush to disk, then rename over it."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {path.parent} to write {path.name} into")
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
