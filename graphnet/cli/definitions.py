"""Saved nets with classes of the user's, which are found in the Python files of ``--with``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from graphnet.cli.loading import execute
from graphnet.errors import FormatError
from graphnet.graph import Module
from graphnet.graph.files.rebuild import IMPORT_FIRST
from graphnet.graph.files.save_load import Stored, read, read_class_names
from graphnet.graph.modules.registry import is_own


def read_saved(path: Path, definitions: Sequence[Path] = ()) -> Stored:
    """The content of a saved net, some of whose classes may be defined in these Python files.

    Raises FormatError for a class that is in none of them, and as ``read`` does; GraphError for a
    Python file that fails, FileNotFoundError for a missing file.
    """
    try:
        return read(path, named_classes(path, definitions) if definitions else {})
    except FormatError as error:
        if error.hint == IMPORT_FIRST:
            searched = ", ".join(map(str, definitions))
            nowhere = f"It is not defined in {searched}. " if searched else ""
            error.hint = f"{nowhere}Name the Python file that defines it: --with FILE.py."
        raise


def named_classes(path: Path, definitions: Sequence[Path]) -> Mapping[str, type[Module]]:
    """The classes in Python files, by the names of them that a saved net uses.

    The same file is ``__main__`` where it was run and a module where it was imported: of
    ``__main__.Cell`` and ``my_cells.Cell``, the name of the class alone tells.
    """
    own = {cls.__qualname__: cls for file in definitions for cls in classes_in(file)}
    used = read_class_names(path)
    return {
        name: cls for name in used for own_name, cls in own.items() if name.endswith(f".{own_name}")
    }


def classes_in(file: Path) -> Iterator[type[Module]]:
    """The classes of modules that a Python file defines or imports, but for the library's."""
    if not file.is_file():
        raise FileNotFoundError(f"There is no file {file}")
    for value in vars(execute(file)).values():
        if isinstance(value, type) and issubclass(value, Module) and not is_own(value):
            yield value
