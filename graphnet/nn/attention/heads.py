"""Heads of an attention: features split into heads, and joined again."""

from __future__ import annotations

from typing import Any

from graphnet.errors import ShapeError
from graphnet.graph import Module
from graphnet.graph.values.table import describe, is_table
from graphnet.nn.layers.linear import positive

__all__ = ["JoinHeads", "SplitHeads"]


class SplitHeads(Module):
    """Features split into heads: (steps, batch, features) to (batch, heads, steps, features/heads).

    With ``batch_first`` the input is (batch, steps, features); without batch (steps, features)
    becomes (heads, steps, …). Raises ValueError for ``heads`` below 1, ShapeError for another
    number of axes, or features that ``heads`` does not divide.
    """

    def __init__(self, heads: int, batch_first: bool = False) -> None:
        self.heads = positive("SplitHeads: heads", heads)
        self.batch_first = batch_first

    def compute(self, x: Any) -> Any:
        if is_table(x) or x.ndim not in (2, 3) or x.shape[-1] % self.heads:
            layout = "(batch, steps, n)" if self.batch_first else "(steps, batch, n)"
            raise ShapeError(
                f"expects {layout} or (steps, n) with n a multiple of {self.heads}, "
                f"received {describe(x)}"
            )
        parts = x.reshape(*x.shape[:-1], self.heads, x.shape[-1] // self.heads)
        if x.ndim == 2:
            return parts.transpose(1, 0, 2)
        return parts.transpose(0, 2, 1, 3) if self.batch_first else parts.transpose(1, 2, 0, 3)


class JoinHeads(Module):
    """The heads side by side: (batch, heads, steps, n) to (steps, batch, heads · n).

    It undoes ``SplitHeads``, with ``batch_first`` to (batch, steps, heads · n), and without batch.
    Raises ShapeError for another number of axes.
    """

    def __init__(self, batch_first: bool = False) -> None:
        self.batch_first = batch_first

    def compute(self, x: Any) -> Any:
        if is_table(x) or x.ndim not in (3, 4):
            raise ShapeError(
                f"expects (batch, heads, steps, n) or (heads, steps, n), received {describe(x)}"
            )
        if x.ndim == 3:
            parts = x.transpose(1, 0, 2)
        else:
            parts = x.transpose(0, 2, 1, 3) if self.batch_first else x.transpose(2, 0, 1, 3)
        return parts.reshape(*parts.shape[:-2], parts.shape[-2] * parts.shape[-1])
