"""The pages of the API reference: one for each subject, listing what the package exports."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import cells_table
import numpy

import graphnet
from graphnet import errors, nn, ops, optim, train
from graphnet.drawing import drawing
from graphnet.ir import Primitive

FOLDERS = {
    "nn.layers": "Layers",
    "nn.images": "Images and frames",
    "nn.criteria": "Criteria",
    "nn.cells": "Cells",
    "nn.recurrent": "Sequences",
    "nn.attention": "Attention",
    "nn.element_research": "Element-Research's names",
}


def write_pages(folder: Path) -> None:
    """Write ``reference/*.rst`` and their index."""
    folder.mkdir(exist_ok=True)
    pages = dict(all_pages())
    for name, text in pages.items():
        (folder / f"{name}.rst").write_text(text, encoding="utf-8")
    entries = "\n".join(f"   {name}" for name in pages)
    index = f"{heading('Reference')}\n.. toctree::\n   :maxdepth: 1\n\n{entries}\n"
    (folder / "index.rst").write_text(index, encoding="utf-8")


def all_pages() -> Iterator[tuple[str, str]]:
    top = [name for name in graphnet.__all__ if not inspect.ismodule(getattr(graphnet, name))]
    yield "graphnet", page("graphnet", graphnet, top)
    for folder, title in FOLDERS.items():
        names = [n for n in nn.__all__ if home(getattr(nn, n)).startswith(f"graphnet.{folder}.")]
        yield folder.replace(".", "-"), page(f"{title} (graphnet.nn)", nn, names)
    yield "nn-cells-table", cells_table.page()
    placed = tuple(f"graphnet.{folder}." for folder in FOLDERS)
    rest = [n for n in nn.__all__ if not home(getattr(nn, n)).startswith(placed)]
    wiring = [n for n in rest if not inspect.ismodule(getattr(nn, n))]
    yield "nn-wiring", page("Wiring (graphnet.nn)", nn, wiring)
    for title, module in (
        ("Initial values", nn.init), ("Array operations", ops), ("Optimisers", optim),
        ("Schedules", optim.schedules),
        ("Training", train), ("Drawings", drawing), ("Errors", errors),
    ):  # fmt: skip
        exported = getattr(module, "__all__", None) or own_names(module)
        names = [name for name in exported if not inspect.ismodule(getattr(module, name))]
        yield (
            module.__name__.rpartition(".")[2],
            page(f"{title} ({module.__name__})", module, names),
        )


def home(value: Any) -> str:
    return str(getattr(value, "__module__", ""))


def own_names(module: ModuleType) -> Iterator[str]:
    """Classes and functions of a module that has no list of public names."""
    made = {n: v for n, v in vars(module).items() if inspect.isclass(v) or inspect.isfunction(v)}
    return (n for n, v in made.items() if home(v) == module.__name__)


def page(title: str, module: ModuleType, names: list[str]) -> str:
    entries = [entry(module, name) for name in sorted(names, key=str.lower)]
    return f"{heading(title)}\n.. currentmodule:: {module.__name__}\n\n" + "\n".join(entries)


def heading(title: str) -> str:
    return f"{title}\n{'=' * len(title)}\n"


def entry(module: ModuleType, name: str) -> str:
    value = getattr(module, name)
    if inspect.isclass(value):
        base = value.__base__
        is_inherited = base is not None and base.__name__ == "BatchTrainer"
        inherited = "   :inherited-members:\n" if is_inherited else ""
        return f".. autoclass:: {name}\n   :members:\n{inherited}"
    if inspect.isfunction(value):
        return f".. autofunction:: {name}\n"
    return f".. data:: {name}\n\n   {described(value, name)}\n"


def described(value: Any, name: str) -> str:
    if isinstance(value, Primitive):
        as_numpy = f", as ``numpy.{name}``" if hasattr(numpy, name) else ""
        return f"A primitive of the array program{as_numpy}."
    if not hasattr(value, "__len__"):
        return f"``{value}``".replace("typing.", "").replace("collections.abc.", "")
    return f"Of type ``{type(value).__name__}``, with {len(value)} entries."
