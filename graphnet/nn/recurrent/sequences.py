"""Sequences: their layout, their number of steps, and masks of padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from graphnet.errors import DtypeError, GraphnetError, ShapeError
from graphnet.graph.values import table
from graphnet.ops import checked_lengths, stack, stop_gradient, where


@contextmanager
def telling_the_whole(xs: Any) -> Iterator[None]:
    """Adds the shape of the sequence to an error of a node within a step."""
    try:
        yield
    except GraphnetError as error:
        if error.where:  # else it is not one of a step
            error.context += (f"in a step of the sequence {table.describe(xs)}",)
        raise


def swapped(sequence: Any) -> Any:
    """(batch, steps, …) as (steps, batch, …), and back; raises ShapeError for fewer than 2 axes."""
    if sequence.ndim < 2:
        raise ShapeError(
            f"runs over {sequence.shape}, expected (batch, steps, …)", "batch_first is on."
        )
    return sequence.transpose(1, 0, *range(2, sequence.ndim))


def steps_of(sequences: Sequence[Any]) -> int:
    """The number of steps, the first axis of all sequences; else raises ShapeError."""
    lengths = {sequence.shape[:1] for sequence in sequences}
    if len(lengths) != 1 or not (first := lengths.pop()):
        shapes = " and ".join(str(sequence.shape) for sequence in sequences)
        raise ShapeError(f"runs over {shapes}, expected sequences (steps, batch, …) of one length")
    if first[0] == 0:
        raise ShapeError(
            f"received an empty sequence {sequences[0].shape}", "There must be at least one step."
        )
    return int(first[0])


def without_batch(sequence: Any, sizes: Sequence[int | None]) -> bool:
    """Whether a sequence is (steps, features), so that its states are vectors."""
    return None not in sizes and sequence.type.is_float and sequence.ndim == 2


def require_batch(sequences: Sequence[Any], no_batch: bool) -> None:
    """Raise ShapeError for lengths of a sequence without batch."""
    if no_batch:
        raise ShapeError(
            f"received lengths for a sequence without batch {sequences[0].shape}",
            "Sequences with lengths are (steps, batch, features).",
        )


def whole_lengths(lengths: Any, sequences: Sequence[Any], steps: int) -> Any:
    """The lengths as an array (batch,), checked against the sequences (steps, batch, …).

    Raises DtypeError if they are no whole numbers, ShapeError if there are not as many as
    sequences.
    """
    if table.is_table(lengths):
        entries = [e for e in lengths if hasattr(e, "ndim") and not e.ndim]
        if len(entries) < len(lengths) or any(e.dtype.kind not in "iu" for e in entries):
            raise DtypeError(
                f"received the lengths {table.describe(lengths)}, expected whole numbers",
                "Give one whole number for each sequence of the batch.",
            )
        lengths = stack([e.astype(np.int64) for e in entries]) if entries else np.zeros(0, int)
    if lengths.dtype.kind in "iu" and lengths.dtype != np.int64:
        lengths = lengths.astype(np.int64)
    batches = {sequence.shape[1:2] for sequence in sequences}
    if batches != {lengths.shape}:
        raise ShapeError(
            f"received {describe_lengths(lengths)} for sequences "
            f"{' and '.join(str(s.shape) for s in sequences)} (steps, batch, …)",
            read_as(sequences[0].shape, lengths.shape)
            or "Give one length for each sequence; batch_first says which axis is the batch.",
        )
    return checked_lengths(lengths, steps=steps)


def live_rows(lengths: Any, steps: int) -> Any:
    """A mask of the rows that are no padding: (steps, batch)."""
    return lengths.reshape((1, -1)) > np.arange(steps).reshape(-1, 1)


def filled_padding(sequence: Any, lengths: Any, live: Any) -> Any:
    """A sequence (steps, batch, …) with its own first step in place of padding.

    So a cell sees no new values at padding, and no infinite gradient arises there. A sequence
    without any step is filled with 1, or with the index 0.
    """
    first, some = sequence[0], lengths > 0
    some = some.reshape((*some.shape, *[1] * (first.ndim - 1)))
    filler = where(some, stop_gradient(first), 1 if sequence.type.is_float else 0)
    return where(live.reshape((*live.shape, *[1] * (sequence.ndim - 2))), sequence, filler)


def describe_lengths(lengths: Any) -> str:
    return (
        f"{lengths.shape[0]} lengths" if lengths.ndim == 1 else f"lengths of shape {lengths.shape}"
    )


def read_as(sequence: Sequence[int], batch: Sequence[int]) -> str:
    """How the axes of a sequence were read, if a batch would fit the other way; else nothing."""
    if len(sequence) < 2 or tuple(batch) != tuple(sequence[:1]):
        return ""
    return (
        f"The sequence is read as {sequence[0]} steps of a batch of {sequence[1]}; the other way "
        "round: batch_first=True in the layer, or batch_first=False where it was True."
    )
