"""Padding in a trace: which rows of a batch are none, at each step of a sequence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphnet.ir.core.array import Array
from graphnet.ir.core.builder import Builder
from graphnet.ir.primitives.pointwise import where


class Padding:
    """The masks (batch,) of rows that are no padding, by the bodies of scans; final."""

    def __init__(self) -> None:
        self._live: dict[Builder, Array] = {}

    def mark(self, builder: Builder, live: Array) -> None:
        """At the step being traced these rows are no padding, as far as it is known."""
        known = self._live.get(builder)
        self._live[builder] = live if known is None else where(known, live, known)

    def masks(self, builder: Builder, array: Array) -> Iterator[Array]:
        """Those of the sequences around that have as many rows as the array, innermost first."""
        around: Builder | None = builder
        while around is not None:
            live = self._live.get(around)
            if live is not None and array.shape[:1] == live.shape:
                yield live
            around = around.outer

    def zeroed(self, builder: Builder, leaf: Any, array: Array) -> Array:
        """A recorded value: zeros in the rows that are padding at this step.

        A value that is the same at all steps has no padding.
        """
        if not isinstance(leaf, Array) or leaf.builder.all_steps() == ():
            return array
        for live in self.masks(builder, array):
            array = where(live.reshape((*live.shape, *[1] * (array.ndim - 1))), array, 0)
        return array
