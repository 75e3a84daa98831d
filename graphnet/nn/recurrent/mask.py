"""Masks of padding: rows of zeros in the manner of Element-Research, and rows by length."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphnet.graph import Module
from graphnet.graph.modules.optional import whole_table
from graphnet.graph.values import table
from graphnet.nn.recurrent.sequences import live_rows, steps_of, swapped, whole_lengths
from graphnet.ops import absolute, stop_gradient, where


class MaskZero(Module):
    """A module whose output is zero where its input is: rows of padding stay rows of padding.

    A row is padding where all its features are zero; of a table the first array counts, and every
    array of the output is masked. ``input_dims`` is the number of feature axes. No gradient flows
    back into padding; as in Element-Research rnn's MaskZero.lua, a single layer sees the gradient
    unmasked, so its parameters receive what the padded outputs were given.
    """

    inside = "module"

    def __init__(self, module: Module, input_dims: int = 1) -> None:
        self.module = module
        self.input_dims = input_dims

    def compute(self, input: Any) -> Any:
        is_layer = not any(True for _ in self.module.named_children())
        return mask_zero(self.module.call, input, self.input_dims, unmasked=is_layer)


class ZeroPadding(Module):
    """Sequences with zeros in their padding: ``[xs, lengths]`` to xs; without lengths, xs itself.

    ``xs`` is (steps, batch, …), or (batch, steps, …) with ``batch_first``; ``lengths`` are those of
    ``nn.Recurrent``. What is in the padding is never read.
    """

    def __init__(self, batch_first: bool = False) -> None:
        self.batch_first = batch_first

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
    """Which rows are zero in all their features; an index is a row of its own."""
    dims = 0 if first.dtype.kind in "iu" else input_dims
    axes = tuple(range(max(first.ndim - dims, 0), first.ndim))
    return absolute(first).max(axes) == 0


def zeroed(padding: Any, output: Any) -> Any:
    """Zero in the rows of padding, with the gradient of the output itself."""
    return output + stop_gradient(padded_with_zeros(padding, output) - output)


def padded_with_zeros(padding: Any, output: Any) -> Any:
    """Zero in the rows of padding."""
    return where(fitted(padding, output), 0, output)


def fitted(rows: Any, like: Any) -> Any:
    """One truth value for each row, shaped to meet an array with these leading axes."""
    return rows.reshape((*rows.shape, *[1] * (like.ndim - rows.ndim)))


def only_live(live: Any, value: Any, otherwise: Any = 0) -> Any:
    """The value in the rows that are live, something else in rows of padding."""
    return where(fitted(live, value), value, otherwise)
