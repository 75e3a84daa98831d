"""Batches of a trainer: pairs (input, target) or inputs alone, their sizes, a search for NaN."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnet.errors import DataError
from graphnet.graph.values import table


def pair_of(batch: Any) -> tuple[Any, Any]:
    """The input and the target of a batch, as arrays; raises DataError if it is no pair."""
    if not is_pair(batch):
        raise DataError(
            f"The trainer received a batch that is no pair (input, target): {kind_of(batch)}",
            "A list of batches is [(x, y), …]; several inputs are a table: ([xs, lengths], y).",
        )
    return as_arrays(batch[0]), as_arrays(batch[1])


def is_pair(batch: Any) -> bool:
    """Whether it may be an input with its target."""
    return isinstance(batch, tuple | list) and len(batch) == 2


def alone(batch: Any) -> tuple[Any, None]:
    """The input that a batch is, without a target; raises DataError for (input, None)."""
    if isinstance(batch, tuple) and len(batch) == 2 and batch[1] is None:
        raise DataError(
            "The trainer has no criterion, and received a pair (input, None), expected the net's "
            "input alone",
            "A batch is x for a net of one input, (x, y) for one of two.",
        )
    return as_arrays(batch), None


def kind_of(batch: Any) -> str:
    """What a batch is, in a few words."""
    if isinstance(batch, tuple | list):
        return f"a {type(batch).__name__} of {len(batch)}"
    shape = getattr(batch, "shape", None)
    return f"{type(batch).__name__}{'' if shape is None else f' of shape {tuple(shape)}'}"


def as_arrays(value: Any) -> Any:
    """Arrays for PyTorch's tensors, also inside tables; all else as it is."""
    if type(value) is np.ndarray:  # nearly always
        return value
    if type(value) in (list, tuple):
        return type(value)(as_arrays(entry) for entry in value)
    return value.detach().cpu().numpy() if hasattr(value, "detach") else value


def size_of(inputs: Any, target: Any) -> int:
    """The number of entries of a target, also of a table; without one, of the last input."""
    judged = inputs[-1] if target is None and table.is_table(inputs) else target
    leaves = table.flatten(inputs if judged is None else judged)[0]
    return sum(np.size(leaf) for leaf in leaves)


def empty_in(inputs: Any, target: Any) -> str:
    """The array of a batch that holds nothing, as ``input is empty, (0, 3)``; or nothing."""
    for name, value in (("input", inputs), ("target", target)):
        for path, leaf in table.walk(value):
            if np.size(leaf) == 0:
                return f"{name}{table.position_text(path)} is empty, {np.shape(leaf)}"
    return ""


def not_finite_in(inputs: Any, target: Any) -> str:
    """The position of a NaN or infinity, as ``input holds nan at (0, 3)``; or nothing."""
    for name, value in (("input", inputs), ("target", target)):
        for path, leaf in table.walk(value):
            array = np.asarray(leaf)
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                places = np.argwhere(~np.isfinite(array))
                first = tuple(int(i) for i in places[0])
                among = f", one of {len(places)} such numbers" if len(places) > 1 else ""
                text = f"{name}{table.position_text(path)} holds {array[first]} at {first}"
                return text + among
    return ""
