"""A run as a table: shape, mean, deviation and norm of the gradient, by node."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any, Protocol

import numpy as np

from graphnet.graph.values import table
from graphnet.ir.core.types import NDArray
from graphnet.text_table import Table

ROWS = 100
"""How many nodes the table shows."""
SAMPLE = 20_000
"""Numbers that are read of a larger array, so that a large run is shown at once."""
HEAD = ("node", "shape", "dtype", "mean", "std", "gradient norm")


class ByNode(Protocol):
    """Values (arrays, or tables of them) by the name of a node."""

    def __getitem__(self, name: str) -> Any: ...


def run_table(
    title: str, names: Sequence[str], values: ByNode, gradients: ByNode | None, outputs: Any
) -> Table:
    """A row for each array of each node, or for the outputs alone where no values were kept."""
    if not names:
        names, values, gradients = ["output"], {"output": outputs}, None
    rows = [row for name in names[:ROWS] for row in rows_of(name, values, gradients)]
    after = [f"and {len(names) - ROWS} more nodes"] if len(names) > ROWS else []
    if any("≈" in text for row in rows for text in row[3:]):
        after.append(f"≈: from {SAMPLE:,} of the numbers, chosen at random")
    width = len(HEAD) - (gradients is None)
    return Table([HEAD[:width], *(row[:width] for row in rows)], range(3, width), [title], after)


def rows_of(name: str, values: ByNode, gradients: ByNode | None) -> Iterator[tuple[str, ...]]:
    norms: Iterable[str] = repeat("")
    if gradients is not None:
        norms = [norm_text(gradient) for _, gradient in table.walk(gradients[name])]
    for (path, array), norm in zip(table.walk(values[name]), norms, strict=False):
        label = name + table.position_text(path)
        yield label, str(array.shape), str(array.dtype), *moments_text(array), norm


def moments_text(array: NDArray) -> tuple[str, str]:
    """Mean and standard deviation; empty for an array without numbers."""
    if not array.size:
        return "", ""
    numbers, about = sample(array)
    with np.errstate(all="ignore"):  # NaN and infinities have a row, too
        return f"{about}{numbers.mean():.3g}", f"{about}{numbers.std():.3g}"


def norm_text(gradient: NDArray | None) -> str:
    """The Euclidean norm; empty for what has no gradient (integers)."""
    if gradient is None:
        return ""
    if not gradient.size:
        return "0"
    numbers, about = sample(gradient)
    with np.errstate(all="ignore"):
        return f"{about}{np.sqrt(np.square(numbers).mean() * gradient.size):.3g}"


def sample(array: NDArray) -> tuple[NDArray, str]:
    """The numbers of an array in float64, or some of them, which "≈" says; always the same ones."""
    if array.size <= SAMPLE:
        return array.reshape(-1).astype(np.float64), ""
    places = np.random.default_rng(0).integers(array.size, size=SAMPLE)
    return array[np.unravel_index(places, array.shape)].astype(np.float64), "≈"
