"""Buffers: arrays of a module that are state and no parameters, such as running statistics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphnet.errors import ShapeError
from graphnet.graph.values.context import current_tracing, initialising
from graphnet.graph.values.memory import RunState
from graphnet.graph.values.module_array import (
    Initialise,
    ModuleArray,
    initial_values,
    shape_or_values,
)
from graphnet.ir.core.types import ArrayType, NDArray, Shape
from graphnet.names.objects import BUFFERS
from graphnet.tracebacks import shorten


class Buffer(ModuleArray, RunState):
    """State of a module that is no parameter: no optimiser changes it, ``compute`` may.

    Made as a ``Parameter``, of a shape and an initialiser (by default zeros), or of an array of
    values, which may be whole numbers or truth values too and keep their dtype; ``net.float()``
    converts floating ones. Files, clones and checkpoints hold it; ``net.buffers()`` lists it.

    In ``compute`` it reads as an array, and ``buffer.write(values)`` replaces the values when the
    run has ended; what reads it after that in the same run gets the new values. No gradient flows
    through it. Inside a sequence each step reads what the step before has written. ``buffer +=
    values`` and ``buffer[...] = values`` are the same in ``compute``, and change it at once
    elsewhere.

    A run writes once, as it computes forward, and all buffers or none. A module in evaluation mode
    writes nothing, unless ``in_evaluation`` is set.

    Raises ShapeError for an ambiguous first argument and for values of another shape, DtypeError
    for values other than numbers, and in ``compute`` for values of another dtype.

    >>> import numpy as np, graphnet as gn
    >>> class Counted(gn.Module):
    ...     def __init__(self):
    ...         self.runs = gn.Buffer(np.array(0))
    ...
    ...     def compute(self, x):
    ...         self.runs.write(self.runs + 1)
    ...         return x * 2
    >>> counted = Counted()
    >>> for _ in range(3):
    ...     _ = counted.forward(np.ones(2))
    >>> int(counted.runs)
    3
    >>> _ = counted.evaluate().forward(np.ones(2))
    >>> int(counted.runs)
    3
    """

    __slots__ = ()
    __hash__ = object.__hash__
    elsewhere = BUFFERS

    def __init__(
        self,
        values: Shape | Sequence[Any] | NDArray | float,
        initialise: Initialise | None = None,
        dtype: Any = None,
    ) -> None:
        start = shape_or_values(values, initialise, "Buffer")
        if initialising.get():
            self._data = initial_values(start, initialise, dtype)
            self._shape: Shape = self._data.shape
        else:
            self._awaited = start, dtype
            self._shape = start if isinstance(start, tuple) else np.shape(start)

    @staticmethod
    def holding(array: NDArray) -> Buffer:
        """A buffer that takes over this array, without a copy."""
        buffer = object.__new__(Buffer)
        buffer._data, buffer._shape = array, array.shape
        return buffer

    def write(self, values: Any, in_evaluation: bool = False) -> None:
        """Replace the values: in ``compute`` when the run has ended, elsewhere at once.

        ``values`` have the buffer's shape or broadcast to it, else ShapeError; traced ones have
        its dtype, else DtypeError. A module in evaluation mode writes only with ``in_evaluation``.
        """
        try:
            tracing = current_tracing.get()
            if tracing is not None:
                tracing.write(self, values, in_evaluation)
                return
            array = np.asarray(values)
            if not fits(array.shape, self.shape):
                raise ShapeError(f"writes {array.shape} into a buffer {self.shape}")
            self[...] = array
        except Exception as error:
            shorten(error)
            raise

    def recalled(self, type: ArrayType) -> NDArray:
        return self._data

    @property
    def kind(self) -> str:
        awaited = getattr(self, "_awaited", None)
        if awaited is None:
            return self._data.dtype.kind
        values, dtype = awaited
        if dtype is None:
            dtype = np.float64 if isinstance(values, tuple) else np.asarray(values).dtype
        return str(np.dtype(dtype).kind)

    def _allocated(self) -> NDArray:
        values, dtype = self._awaited
        return initial_values(values, None, dtype)

    def __graphnet_array__(self) -> Any:
        tracing = current_tracing.get()
        return self._data if tracing is None else tracing.buffer(self)

    def cast(self, dtype: Any) -> None:
        """Convert floating values to another dtype; others keep theirs."""
        if self._data.dtype.kind == "f" and self._data.dtype != np.dtype(dtype):
            self._data = self._data.astype(dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        out = options.get("out", ())
        if out and out[0] is self and current_tracing.get() is not None:  # buffer += values
            del options["out"]
            self.write(super().__array_ufunc__(ufunc, method, *inputs, **options))
            return self
        return super().__array_ufunc__(ufunc, method, *inputs, **options)

    def __setitem__(self, index: Any, values: Any) -> None:
        if current_tracing.get() is None:
            super().__setitem__(index, values)
        elif index is Ellipsis or index == slice(None):
            self.write(values)
        else:
            raise ShapeError(
                f"writes a part of a buffer {self.shape}",
                "A buffer is written as a whole: buffer.write(ops.where(condition, new, buffer)).",
            )


def fits(shape: Shape, target: Shape) -> bool:
    """Whether an array of this shape broadcasts to another."""
    pairs = zip(reversed(shape), reversed(target), strict=False)
    return len(shape) <= len(target) and all(size in (1, wanted) for size, wanted in pairs)
