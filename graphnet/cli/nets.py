"""A net that the command line names: in a Python file, in a saved file, or of the library."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from graphnet import nn
from graphnet.cli.definitions import read_saved
from graphnet.cli.loading import load_module
from graphnet.errors import DataError, GraphError
from graphnet.graph import Module
from graphnet.graph.values.hints import did_you_mean

CELL = re.compile(r"(\w+)(?::(\d+),(\d+))?")
CELLS: dict[str, Callable[[int, int], Module]] = {
    **nn.CELLS,
    "LSTM": nn.LSTM,
    "GRU": nn.GRU,
    "RNN": nn.RNN,
}
"""What is made by its name and two sizes: cells, and layers of them."""

INPUT_SIZE, HIDDEN_SIZE = 20, 10
"""Sizes of a cell that is named without any, as in README."""


def net_of(place: str, definitions: Sequence[Path] | None = None) -> Module:
    """The net of ``FILE.py:NAME``, ``FILE.gn``, ``lstm_cell`` or ``lstm_cell:INPUT,HIDDEN``.

    ``definitions`` are Python files with classes of a saved net. Raises GraphError where there is
    none of that name, FormatError for a file that holds no net, FileNotFoundError for a missing
    file, DataError for ``definitions`` of what is no saved net.
    """
    if definitions and not is_saved(place):
        raise DataError(
            f"{place} is no saved net, and --with names the Python files of its classes",
            "Leave --with out; FILE.py:NAME imports what it needs itself.",
        )
    cell = CELL.fullmatch(place)
    if cell is not None and (cell[1] in CELLS or not Path(place).exists()):
        return cell_of(cell[1], int(cell[2] or INPUT_SIZE), int(cell[3] or HIDDEN_SIZE))
    if is_saved(place):
        net: Module = read_saved(Path(place), definitions or ()).module
        return net
    refuse_one_size(place)
    return load_module(place)


def refuse_one_size(place: str) -> None:
    """Raise GraphError for a cell with one size: ``lstm_cell:3``."""
    name, _, size = place.partition(":")
    if name in CELLS and size.isdecimal():
        raise GraphError(
            f"{place!r} has one size, expected two: of the input and of the hidden state",
            f"For example {name}:{size},{int(size) + 1}.",
        )


def cell_of(name: str, input_size: int, hidden_size: int) -> Module:
    """A cell of the library, or a layer of cells."""
    if name not in CELLS:
        raise GraphError(
            f"{name!r} does not name a net",
            f"{did_you_mean(name, CELLS)}Write FILE.py:NAME (NAME is a module, or a function "
            "without arguments that returns one), FILE.gn for a saved net, or a cell or layer with "
            "its sizes, as LSTM:8,16: "
            f"{', '.join(sorted(CELLS, key=str.lower))}.",
        )
    return CELLS[name](input_size, hidden_size)


def is_saved(place: str) -> bool:
    """Whether a place is a file that is no Python file; whether it holds a net is told later."""
    path = Path(place)
    suffix = path.suffix.lower()
    return suffix == ".gn" or (path.is_file() and suffix != ".py")


def complete_place(incomplete: str) -> list[str]:
    """What a shell may complete the name of a net to."""
    files = [str(path) for path in Path().glob(f"{glob_escaped(incomplete)}*")]
    nets = [name for name in files if name.lower().endswith((".py", ".gn")) or Path(name).is_dir()]
    return sorted([*nets, *(name for name in CELLS if name.startswith(incomplete))])


def glob_escaped(text: str) -> str:
    """Signs of patterns stand for themselves."""
    return re.sub(r"([*?[])", r"[\1]", text)
