"""Masks of padding: rows of zeros as in Element-Research's rnn, and rows beyond a length."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphnet.graph import Module
from graphnet.graph.modules.optional import whole_table
from graphnet.graph.values import table
from graphnet.nn.recurrent.sequences import live_rows, steps_of, swapped, whole_lengths
from graphnet.ops import absolute, stop_gradient, where

__all__ = ["MaskZero", "ZeroPadding"]


class MaskZero(Module):
    """A module whose output is zero in rows of padding: rows in which all features are zero.

    (…, features) to what the module returns for it; of a table the first array marks the padding,
    and every array of the output is masked. ``input_dims`` is the number of feature axes. No
    gradient flows into padding; as in Element-Research rnn's MaskZero.lua, a single layer receives
    the unmasked gradient, so its parameters get the gradients of padded outputs. Errors are those
    of the module.
    """

    inside = "module"

    def __init__(self, module: Module, input_dims: int = 1) -> None:
        self.module = module
        self.input_dims = input_dims

    def compute(self, input: Any) -> Any:
        is_layer = not any(True for _ in self.module.named_children())
        return mask_zero(self.module.call, input, self.input_dims, unmasked=is_layer)


class ZeroPadding(Module):
    """Sets the padding of sequences to zero: ``[xs, lengths]`` to xs.

    ``xs`` is (steps, batch, …), or (batch, steps, …) with ``batch_first``; ``lengths`` (batch,) are
    those of ``nn.Recurrent``; without them xs is unchanged. Values in the padding are never read.
    Raises ShapeError if xs has no such axes or the lengths do not fit, IndexRangeError for a length
    out of range.
    """

    def __init__(self, batch_first: bool = False) -> None:
        self.batch_first = batch_first

    def required_names(self) -> tuple[str, ...]:
        return ("xs",)

    def optional_inputs(self) -> tuple[str, ...]:
        return ("lengths",)

    def compute(self, input: Any) -> Any:
        xs, lengths = whole_table(self, input, 1, self.optional_inputs())
        if lengths is None:
            return xs
        sequence = swapped(xs) if self.batch_first else xs
        steps = steps_of([sequence])
        live = live_rows(whole_lengths(lengths, [sequence], steps), steps)
        result = where(fitted(live, sequence), sequence, 0)
        return swapped(result) if self.batch_first else result


def mask_zero(
    function: Callable[[Any], Any], input: Any, input_dims: int, unmasked: bool = False
) -> Any:
    """The outputs of a function of an array or table, zero where the first array is zero.

    With ``unmasked`` the function sees the gradient of its outputs in the rows of padding too.
    """
    leaves, structure = table.flatten(input)
    padding = zero_rows(leaves[0], input_dims)
    masked = [where(fitted(padding, leaf), stop_gradient(leaf), leaf) for leaf in leaves]
    outputs, shape = table.flatten(function(table.unflatten(structure, masked)))
    zero = zeroed if unmasked else padded_with_zeros
    return table.unflatten(shape, [zero(padding, output) for output in outputs])


def zero_rows(first: Any, input_dims: int = 1) -> Any:
    """Which rows are zero in all their features; an index is a row by itself."""
    dims = 0 if first.dtype.kind in "iu" else input_dims
    axes = tuple(range(max(first.ndim - dims, 0), first.ndim))
    return absolute(first).max(axes) == 0


def zeroed(padding: Any, output: Any) -> Any:
    """Zero in the rows of padding, with the unmasked gradient of the output."""
    return output + stop_gradient(padded_with_zeros(padding, output) - output)


def padded_with_zeros(padding: Any, output: Any) -> Any:
    """Zero in the rows of padding."""
    return where(fitted(padding, output), 0, output)


def fitted(rows: Any, like: Any) -> Any:
    """One truth value for each row, reshaped to broadcast to an array with these leading axes."""
    return rows.reshape((*rows.shape, *[1] * (like.ndim - rows.ndim)))


def only_live(live: Any, value: Any, otherwise: Any = 0) -> Any:
    """The value in live rows, ``otherwise`` in rows of padding."""
    return where(fitted(live, value), value, otherwise)
