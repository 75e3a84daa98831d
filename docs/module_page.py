"""The page of all modules: what each computes, its shapes, its names elsewhere, its picture.

The pictures are those of the examples that the tests run, ``tests/module_rows``.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from reference import FOLDERS, heading, home

from graphnet import draw, nn
from graphnet.graph import Module
from graphnet.names.layers import LAYERS
from tests.module_rows import ROWS

SOURCE = re.compile(r"(?:Torch's |rnn's )?(?:nn/)?(\w+)\.lua")
SAME_IN_PYTORCH = {
    "BatchNorm1d", "BatchNorm2d", "Bilinear", "Dropout", "ELU", "Flatten", "GELU", "GRU",
    "GroupNorm", "Identity", "LSTM", "LayerNorm", "LeakyReLU", "Linear", "LogSigmoid", "Mish",
    "MultiheadAttention", "PReLU", "PairwiseDistance", "RMSNorm", "RNN", "RReLU", "ReLU", "ReLU6",
    "SELU", "Sequential", "SiLU", "Sigmoid", "Tanh", "Threshold", "TransformerDecoder",
    "TransformerDecoderLayer", "TransformerEncoder", "TransformerEncoderLayer", "Unflatten",
}  # fmt: skip
"""The classes of ``torch.nn`` that have the same name here."""
INTRODUCTION = """
Each module with what it computes, the shapes that it takes and gives, its names in Torch and in
PyTorch, and its picture on a small example. Cells are on :doc:`a page of their own
</reference/nn-cells>`.
"""


def write_page(folder: Path) -> None:
    """Write ``modules/index.rst`` and a picture of each module."""
    folder.mkdir(exist_ok=True)
    parts = [heading("Modules"), INTRODUCTION]
    for title, names in groups():
        parts += [f"{title}\n{'-' * len(title)}\n", *(section(name, folder) for name in names)]
    (folder / "index.rst").write_text("\n".join(parts), encoding="utf-8")


def groups() -> Iterator[tuple[str, list[str]]]:
    """The names of the modules by the folder that they are defined in, in order of the alphabet."""
    classes = {name: value for name in nn.__all__ if is_module(value := getattr(nn, name))}
    placed: set[str] = set()
    for folder, title in FOLDERS.items():
        names = [n for n, c in classes.items() if home(c).startswith(f"graphnet.{folder}.")]
        placed.update(names)
        yield title, sorted(names, key=str.lower)
    yield "Wiring", sorted(set(classes) - placed, key=str.lower)


def is_module(value: Any) -> bool:
    return inspect.isclass(value) and issubclass(value, Module) and not inspect.isabstract(value)


def section(name: str, folder: Path) -> str:
    kind = getattr(nn, name)
    text, _, _ = (inspect.getdoc(kind) or "").partition("\n>>>")
    lines = [f"{name}\n{'~' * len(name)}\n", names_elsewhere(name, text), f"{text.strip()}\n"]
    for row in ROWS.get(name, [])[:1]:
        draw(row.make(), [shapes_of(row.input)]).save(folder / f"{name}.svg")
        lines.append(f".. image:: {name}.svg\n   :alt: {name} as graphnet draws it\n")
    return "\n".join(lines)


def names_elsewhere(name: str, text: str) -> str:
    """The call of a module, and its names in Torch (its rnn and nngraph too) and in PyTorch."""
    rows = ROWS.get(name, [])
    written = SOURCE.search(text)
    torch = f"``nn.{written[1] if written else name}``"
    if rows and rows[0].without_torch:
        torch = f"none ({rows[0].without_torch})"
    pytorch = {there for there, here in LAYERS.aliases.items() if here == name}
    pytorch |= {name} & SAME_IN_PYTORCH
    others = ", ".join(f"``torch.nn.{there}``" for there in sorted(pytorch)) or "none"
    arguments = (
        str(inspect.signature(getattr(nn, name))).removesuffix(" -> 'None'").replace("'", "")
    )
    return f"| ``nn.{name}{arguments}``\n| Torch: {torch}. PyTorch: {others}.\n"


def shapes_of(draws: Any) -> Any:
    if isinstance(draws, list):
        return [shapes_of(each) for each in draws]
    array = draws(np.random.default_rng(0))
    return array.shape, array.dtype.type
