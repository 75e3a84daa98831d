"""Sequences: their layout, how many steps they have, and which rows of a batch are padding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphnet.errors import ShapeError
from graphnet.graph import table
from graphnet.ir.indexing import checked_lengths
from graphnet.ir.shaping import stack, transpose


def swapped(sequence: Any) -> Any:
    """(batch, steps, …) as (steps, batch, …), and back."""
    if sequence.ndim < 2:
        raise ShapeError(
            f"runs over {sequence.shape}, expected (batch, steps, …)", "batch_first is on."
        )
    return transpose(sequence, axes=(1, 0, *range(2, sequence.ndim)))


def steps_of(sequences: Sequence[Any]) -> int:
    """The number of steps, the first axis of every sequence."""
    lengths = {sequence.shape[:1] for sequence in sequences}
    if len(lengths) != 1 or not (first := lengths.pop()):
        shapes = " and ".join(str(sequence.shape) for sequence in sequences)
        raise ShapeError(f"runs over {shapes}, expected sequences (steps, batch, …) of one length")
    if first[0] == 0:
        raise ShapeError(
            f"received an empty sequence {sequences[0].shape}", "There must be at least one step."
        )
    return int(first[0])


def live_rows(lengths: Any, sequences: Sequence[Any], steps: int) -> Any:
    """Which rows are no padding: (steps, batch); None where no lengths are given."""
    if lengths is None:
        return None
    if table.is_table(lengths):
        lengths = stack(lengths) if lengths else np.zeros(0, int)
    batches = {sequence.shape[1:2] for sequence in sequences}
    if batches != {lengths.shape}:
        raise ShapeError(
            f"received {describe_lengths(lengths)} for sequences "
            f"{' and '.join(str(s.shape) for s in sequences)} (steps, batch, …)",
            "Give one length for each sequence of the batch.",
        )
    lengths = checked_lengths(lengths, steps=steps)
    return lengths.reshape((1, -1)) > np.arange(steps).reshape(-1, 1)


def describe_lengths(lengths: Any) -> str:
    return (
        f"{lengths.shape[0]} lengths" if lengths.ndim == 1 else f"lengths of shape {lengths.shape}"
    )
