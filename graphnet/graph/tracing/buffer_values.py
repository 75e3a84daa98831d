"""The values of buffers in a trace: inputs of the program, carried through sequences."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from graphnet.errors import DtypeError, ShapeError
from graphnet.graph.values.buffer import Buffer, fits
from graphnet.graph.values.memory import RunState
from graphnet.ir.core.array import Array
from graphnet.ir.core.builder import Builder, LateCarry
from graphnet.ir.core.operands import resolve
from graphnet.ir.core.trace import atom_of
from graphnet.ir.core.types import ArrayType, type_of
from graphnet.ir.primitives.pointwise import stop_gradient
from graphnet.ir.primitives.shaping import broadcast


class BufferValues:
    """What each buffer holds at the point that a trace has reached; final.

    ``make_input`` makes the input of the program that a buffer fills. A buffer that is read in the
    body of a scan is carried from step to step there; where no step writes it, it is a constant.
    """

    def __init__(self, make_input: Callable[[ArrayType, Any], Array]) -> None:
        self._make_input = make_input
        self._now: dict[tuple[Builder, Buffer], Array] = {}
        self._carries: dict[tuple[Builder, Buffer], LateCarry] = {}
        self.used: set[Buffer] = set()
        self.written: dict[RunState, Array] = {}
        """After the run."""

    def read(self, builder: Builder, buffer: Buffer) -> Array:
        """The value where this builder stands: what was written last."""
        builder = scope_of(builder)
        key = builder, buffer
        if key not in self._now:
            self.used.add(buffer)
            if builder.outer is None:
                self._now[key] = self._make_input(type_of(buffer.data), buffer)
            else:
                before = self.read(builder.outer, buffer)
                carry = builder.late_carry(before, partial(self._put, builder.outer, buffer))
                self._carries[key] = carry
                self._now[key] = without_gradient(carry.enters)
        return self._now[key]

    def write(self, builder: Builder, buffer: Buffer, values: Any) -> None:
        """From here on the buffer has these values, which it keeps after the run.

        Raises ShapeError or DtypeError for those that it cannot hold.
        """
        self.read(builder, buffer)
        array = Array(builder, atom_of(builder, fitting(buffer, values)))
        self._put(builder, buffer, without_gradient(array))

    def _put(self, builder: Builder, buffer: Buffer, array: Array) -> None:
        builder = scope_of(builder)
        self._now[builder, buffer] = array
        if builder.outer is None:
            self.written[buffer] = array
        else:
            self._carries[builder, buffer].leaves = array


def scope_of(builder: Builder) -> Builder:
    """The body of the scan that a builder belongs to, or the whole program."""
    while builder.outer is not None and builder.steps is None:
        builder = builder.outer
    return builder


def without_gradient(array: Array) -> Array:
    result: Array = stop_gradient(array) if array.type.is_float else array
    return result


def fitting(buffer: Buffer, values: Any) -> Any:
    """Values of the buffer's shape and dtype; numbers and NumPy's arrays are converted."""
    values = resolve(values)
    if not isinstance(values, Array):
        values = np.asarray(values)
        if values.dtype.kind in "iub" or values.dtype.kind == buffer.dtype.kind:
            values = values.astype(buffer.dtype)
    type = values.type if isinstance(values, Array) else type_of(values)
    if type.dtype != buffer.dtype:
        raise DtypeError(
            f"writes {type.dtype} into a buffer of {buffer.dtype}",
            f"Convert: values.astype({buffer.dtype.name!r}).",
        )
    if not fits(type.shape, buffer.shape):
        raise ShapeError(f"writes {type.shape} into a buffer {buffer.shape}")
    return values if type.shape == buffer.shape else broadcast(values, shape=buffer.shape)
