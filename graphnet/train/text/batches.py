"""Batches of text: rows of one long text in parallel, so that states carry from batch to batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import numpy as np

from graphnet.errors import DataError
from graphnet.graph.modules.calls import checked
from graphnet.ir.core.types import NDArray

Batch = tuple[NDArray, NDArray]
"""Inputs and targets, each (steps, rows)."""


class TextBatches(Sequence[Batch]):
    """Character numbers in batches ``(inputs, targets)``, both (seq_length, batch_size).

    The text is split into ``batch_size`` consecutive rows; batch k holds the k-th ``seq_length``
    columns, so the final states of a batch are the initial ones of the next. The target of a
    character is its successor in the text (of the last one: the first). An incomplete batch at the
    end is dropped. This is the layout of char-rnn. Raises DataError for a text shorter than one
    batch, or for a size below 1.

    >>> batches = TextBatches(np.arange(13), batch_size=2, seq_length=3)
    >>> len(batches)
    2
    >>> inputs, targets = batches[1]
    >>> inputs.T.tolist(), targets.T.tolist()
    ([[3, 4, 5], [9, 10, 11]], [[4, 5, 6], [10, 11, 0]])
    """

    @checked
    def __init__(self, numbers: NDArray | Sequence[int], batch_size: int, seq_length: int) -> None:
        if batch_size < 1 or seq_length < 1:
            raise DataError(
                f"Batches of {batch_size} rows of {seq_length} steps were asked for, "
                "expected at least 1 of each"
            )
        size = batch_size * seq_length
        if len(numbers) < size:
            raise DataError(
                f"has {len(numbers):,} characters, one batch needs {size:,} "
                f"({batch_size} rows of {seq_length})",
                "Give a longer text, a smaller batch size or a shorter sequence length.",
                "The text",
            )
        used = np.asarray(numbers)[: len(numbers) // size * size]
        self._inputs = laid_out(used, batch_size, seq_length)
        self._targets = laid_out(np.roll(used, -1), batch_size, seq_length)

    def __len__(self) -> int:
        return len(self._inputs)

    @overload
    def __getitem__(self, index: int) -> Batch: ...
    @overload
    def __getitem__(self, index: slice) -> list[Batch]: ...
    def __getitem__(self, index: int | slice) -> Batch | list[Batch]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        return self._inputs[index], self._targets[index]

    def split(self, fraction: float = 0.95) -> tuple[list[Batch], list[Batch]]:
        """The first ``fraction`` of the batches for training, the rest for validation.

        Each part has at least one batch; a text of a single batch has no validation. Raises
        DataError unless ``0 < fraction <= 1``.
        """
        if not 0 < fraction <= 1:
            raise DataError(f"The training fraction is {fraction}, expected 0 < fraction <= 1")
        cut = len(self) if fraction == 1 else int(len(self) * fraction)
        cut = max(1, min(cut, len(self) - (fraction < 1)))
        return self[:cut], self[cut:]


def laid_out(numbers: NDArray, batch_size: int, seq_length: int) -> NDArray:
    """Numbers of characters as (batches, steps, rows)."""
    rows = numbers.reshape(batch_size, -1, seq_length)
    return np.ascontiguousarray(rows.transpose(1, 2, 0))
