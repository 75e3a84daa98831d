"""Table operations: element-wise extrema, concatenation, splitting and selection."""

from __future__ import annotations

from functools import reduce
from typing import Any

from graphnet.errors import GraphError, IndexRangeError, ShapeError
from graphnet.graph import Module
from graphnet.graph.values.table import describe, flatten, is_table
from graphnet.graph.wiring.arithmetic import require_pair, require_table
from graphnet.graph.wiring.table_modules import position
from graphnet.nn.layers.linear import positive
from graphnet.ops import concatenate, maximum, minimum, stack

__all__ = [
    "CAddTensorTable",
    "CMaxTable",
    "CMinTable",
    "FlattenTable",
    "JoinTable",
    "JustElement",
    "JustTable",
    "NarrowTable",
    "SplitTable",
    "StackTable",
    "ZipTable",
]


class CMaxTable(Module):
    """Element-wise maximum of a table of arrays of one shape, or that broadcast.

    Of equal entries the first takes the gradient (Torch's nn/CMaxTable.lua). Raises GraphError if
    the input is no table, ShapeError if the arrays do not broadcast.
    """

    symbol = "max"

    def compute(self, table: Any) -> Any:
        return reduce(maximum, require_table(table))


class CMinTable(Module):
    """Element-wise minimum of a table of arrays of one shape, or that broadcast.

    Of equal entries the first takes the gradient (Torch's nn/CMinTable.lua). Raises GraphError if
    the input is no table, ShapeError if the arrays do not broadcast.
    """

    symbol = "min"

    def compute(self, table: Any) -> Any:
        return reduce(minimum, require_table(table))


class CAddTensorTable(Module):
    """[x, [a, b, …]] to [x + a, x + b, …]; the arrays' shapes broadcast.

    Element-Research rnn's CAddTensorTable.lua. Raises GraphError for another table, ShapeError if x
    and an entry do not broadcast.
    """

    def compute(self, table: Any) -> Any:
        x, entries = require_pair(table)
        return [x + entry for entry in require_table(entries)]


class JoinTable(Module):
    """Concatenates a table of arrays along ``axis``: [(…, n, …), (…, m, …)] to (…, n + m, …).

    With ``input_dims``, an array of one axis more has a batch axis in front, and ``axis`` is
    counted after it (Torch's nInputDims). Torch's nn/JoinTable.lua. Raises ShapeError if the other
    axes differ or there is no such axis, GraphError if the input is no table.
    """

    def __init__(self, axis: int, input_dims: int | None = None) -> None:
        self.axis = axis
        self.input_dims = input_dims

    def compute(self, table: Any) -> Any:
        entries = require_table(table)
        axis = batched_axis(self.axis, entries[0].ndim, self.input_dims)
        return concatenate(entries, axis)


class StackTable(Module):
    """Stacks a table of n arrays of one shape along a new axis: (…, …) each to (…, n, …).

    Raises ShapeError if the shapes differ or ``axis`` is out of range.
    """

    def __init__(self, axis: int = 0) -> None:
        self.axis = axis

    def compute(self, table: Any) -> Any:
        entries = require_table(table) if is_table(table) else [table]
        shapes = {entry.shape for entry in entries}
        if len(shapes) != 1:
            raise ShapeError(f"stacks {describe(entries)}", "All must have one shape.")
        return stack(entries, self.axis)


class SplitTable(Module):
    """The slices of an array along ``axis``, as a table: (…, n, …) to n arrays (…, …).

    ``input_dims`` as in JoinTable. Torch's nn/SplitTable.lua. Raises ShapeError if there is no such
    axis, GraphError for a table.
    """

    def __init__(self, axis: int, input_dims: int | None = None) -> None:
        self.axis = axis
        self.input_dims = input_dims

    def compute(self, x: Any) -> Any:
        axis = batched_axis(self.axis, require_array(x).ndim, self.input_dims)
        if not -x.ndim <= axis < x.ndim:
            raise ShapeError(f"splits {x.shape} along axis {axis}", "Axes are counted from 0.")
        axis %= x.ndim
        before = (slice(None),) * axis
        return [x[(*before, i)] for i in range(x.shape[axis])]


def require_array(value: Any) -> Any:
    """The value, if it is an array; raises GraphError for a table."""
    if is_table(value):
        raise GraphError(f"expects an array, received the table {describe(value)}")
    return value


def batched_axis(axis: int, ndim: int, input_dims: int | None) -> int:
    """The axis, counted after a batch axis if there is one."""
    return axis + 1 if axis >= 0 and input_dims is not None and ndim == input_dims + 1 else axis


class NarrowTable(Module):
    """``length`` entries of a table from ``offset``, as a table; entries have any shapes.

    A negative offset counts from the end. Torch's nn/NarrowTable.lua. Raises ValueError for a
    length below 1, IndexRangeError beyond the table, GraphError for an array.
    """

    def __init__(self, offset: int, length: int = 1) -> None:
        self.offset = offset
        self.length = positive("NarrowTable: length", length)

    def compute(self, table: Any) -> Any:
        entries = require_table(table)
        start = position(self.offset, len(entries))
        stop = start + self.length
        if stop > len(entries):
            raise IndexRangeError(f"takes entries {start} to {stop - 1} of {len(entries)}")
        return entries[start:stop]


class FlattenTable(Module):
    """A nested table as one table of its arrays, in order; the arrays have any shapes.

    Torch's nn/FlattenTable.lua.
    """

    def compute(self, table: Any) -> Any:
        return flatten(table)[0]


class ZipTable(Module):
    """Transposes a table of tables of any shapes: [[a, b], [c, d]] to [[a, c], [b, d]].

    Element-Research rnn's ZipTable.lua. Raises GraphError for tables of different lengths, or an
    array.
    """

    def compute(self, table: Any) -> Any:
        rows = [require_table(row) for row in require_table(table)]
        if len({len(row) for row in rows}) > 1:
            raise GraphError(f"zips tables of different lengths: {describe(table)}")
        return [list(column) for column in zip(*rows, strict=True)]


class JustTable(Module):
    """The table whose only entry is the input, of any shape (nngraph's JustTable)."""

    def compute(self, input: Any) -> Any:
        return [input]


class JustElement(Module):
    """The first entry of a table, of any shape (nngraph's JustElement).

    Raises GraphError for an array.
    """

    def compute(self, table: Any) -> Any:
        return require_table(table)[0]
