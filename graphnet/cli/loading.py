"""``FILE.py:NAME`` from the command line: the file is run, and what goes wrong in it is told."""

from __future__ import annotations

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from graphnet.errors import GraphError, GraphnetError
from graphnet.graph import Module, Node


def load_module(place: str) -> Module:
    """The module object of that name in a Python file, or what the function of that name returns.

    Raises GraphError where there is no such name (it lists those that would do) or where it is
    not a module, FileNotFoundError for a missing file.
    """
    file, colon, name = place.rpartition(":")
    if not (file and colon and name.isidentifier()):
        raise GraphError(
            f"{place!r} does not name a net",
            "Write FILE.py:NAME, for example cell.py:net; NAME is a module, or a function without "
            "arguments that returns one. A saved net is FILE.gn, a cell its name: lstm_cell.",
        )
    path = Path(file)
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {file}")
    source = execute(path)
    if not hasattr(source, name):
        raise GraphError(f"{file} has no {name!r}", candidates_text(source))
    return as_module(getattr(source, name), place, source)


def file_of(place: str) -> Path:
    """The file of ``FILE.py:NAME``; any other place as it is."""
    return Path(place.rpartition(":")[0] or place)


def execute(path: Path) -> ModuleType:
    """Run a Python file as a module; what goes wrong in it is reported with its line."""
    spec = importlib.util.spec_from_file_location(f"graphnet_file_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise GraphError(f"{path} is not a Python file", "Its name must end in .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        with reporting(path, whole=True):
            spec.loader.exec_module(module)
    finally:
        if str(path.parent.resolve()) in sys.path:
            sys.path.remove(str(path.parent.resolve()))
    return module


@contextmanager
def reporting(path: Path, whole: bool = False) -> Iterator[None]:
    """What goes wrong in a user's file within is reported as GraphError, with its line.

    With ``whole``, nothing but the user's code runs within: all of its errors are so.
    """
    try:
        yield
    except GraphnetError as error:
        place = f"{path.name}{line_in(path, error)}"
        if whole and path.name not in str(error):
            error.hint = f"{error.hint} It comes from {place}.".strip()
        raise
    except SystemExit as end:
        raise GraphError(
            f"{path.name} ends the program{line_in(path, end)} (SystemExit: {end.code})",
            'Put what is not for import under if __name__ == "__main__".',
        ) from end
    except Exception as error:
        line = line_in(path, error)
        if not line and not whole and not isinstance(error, SyntaxError | ImportError | ValueError):
            raise
        raise GraphError(
            f"{path.name} fails{line}: {type(error).__name__}: {error}",
            f"Run python {path} to see more.",
        ) from error


def line_in(path: Path, error: BaseException) -> str:
    """`` in line 7``, the last place in the file that the error went through."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f.lineno for f in frames if Path(f.filename).resolve() == path.resolve()]
    found = lines[-1] if lines else getattr(error, "lineno", None)
    return f" in line {found}" if found else ""


def as_module(value: Any, place: str, source: ModuleType) -> Module:
    """A module as it is; a function's result."""
    if isinstance(value, Module):
        return value
    if is_of_torch(value):
        raise GraphError(
            f"{place} is a torch {type(value).__name__}, expected a module of graphnet",
            "Build it with graphnet.nn: docs/pytorch.md has the names.",
        )
    if callable(value):
        missing = required(value)
        if missing:
            raise GraphError(
                f"{place} needs the arguments {', '.join(missing)}",
                "Name a function without required arguments; it may call this one.",
            )
        with reporting(file_of(place), whole=True):
            value = value()
        if isinstance(value, Module):
            return value
        if is_of_torch(value):
            return as_module(value, f"{place}()", source)
        place += "()"
    hint = "Close the graph first: GModule(inputs, outputs)." if isinstance(value, Node) else ""
    raise GraphError(
        f"{place} is {value!r} of type {type(value).__name__}, expected a module",
        hint or candidates_text(source),
    )


def is_of_torch(value: Any) -> bool:
    """Whether a value is a module of PyTorch, which need not be installed."""
    return any(f"{cls.__module__}.".startswith("torch.nn.") for cls in type(value).__mro__)


def required(function: Any) -> list[str]:
    """The names of the arguments that must be given."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [p.name for p in parameters if p.default is p.empty and p.kind not in variadic]


def candidates_text(source: ModuleType) -> str:
    """The names in a file that are modules, or its own functions without required arguments."""
    names = [name for name, value in vars(source).items() if is_candidate(value, source)]
    return f"There are: {', '.join(names)}" if names else "There is no module in this file."


def is_candidate(value: Any, source: ModuleType) -> bool:
    if isinstance(value, Module):
        return True
    own = inspect.isfunction(value) and value.__module__ == source.__name__
    return own and not required(value)
