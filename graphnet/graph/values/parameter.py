"""Parameters: named arrays with gradients, kept in one contiguous vector for each dtype."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from graphnet.graph.values.context import current_tracing, initialising
from graphnet.graph.values.module_array import Initialise as Initialise
from graphnet.graph.values.module_array import ModuleArray, initial_values, shape_or_values
from graphnet.graph.values.random import drawn
from graphnet.ir.core.types import NDArray, Shape
from graphnet.names.objects import PARAMETERS
from graphnet.tracebacks import public


@dataclass(frozen=True, slots=True)
class Flat:
    """The values of several parameters in one vector, and their gradients in another."""

    data: NDArray
    grad: NDArray


@dataclass(frozen=True, slots=True)
class FlatView:
    """A parameter as a view of flat vectors, from the element ``start`` on."""

    flat: Flat
    start: int


class Parameter(ModuleArray):
    """A learned array: ``data`` holds the values, ``grad`` the sum of the gradients so far.

    Made from a shape and an initialiser (by default zeros), or from an array of values. float64 at
    first, as Torch's default tensor; ``dtype`` and ``net.float()`` convert. It behaves like a NumPy
    array in expressions, and ``parameter[...] = values`` writes in place. In ``compute`` it stands
    for its traced array.

    Raises ShapeError for values of another shape and for ``Parameter([2, 3])``, which could be a
    shape or two values, DtypeError for values other than numbers.

    >>> Parameter((2, 3)).shape, Parameter(np.array([2, 3])).shape
    ((2, 3), (2,))

    While a file is loaded, a parameter has a shape but no memory until someone asks for its values:
    the sizes that constructors are given are those of the file, which may say anything.

    ``backward`` of a run before a change raises GraphError. Changes through a parameter are seen
    (``p[...] =``, ``p -= x``, ``p.data = x``), and those by an optimiser; what is written into the
    array ``p.data`` itself, or into the flat vector, is not.
    """

    __slots__ = ("_flat", "_grad", "init")
    __hash__ = object.__hash__
    elsewhere = PARAMETERS

    def __init__(
        self,
        values: Shape | Sequence[Any] | NDArray | float,
        initialise: Initialise | None = None,
        dtype: Any = np.float64,
    ) -> None:
        start = shape_or_values(values, initialise, "Parameter")
        self._grad: NDArray | None = None
        self._flat: FlatView | None = None
        self.init = (initialise or zeros) if isinstance(start, tuple) else None
        if initialising.get():
            self._data = initial_values(start, initialise, dtype)
            self._shape: Shape = self._data.shape
        else:
            self._awaited = start, dtype
            self._shape = start if isinstance(start, tuple) else np.shape(start)

    @staticmethod
    def holding(array: NDArray) -> Parameter:
        """A parameter that takes over this floating point array, without a copy."""
        parameter = object.__new__(Parameter)
        parameter._data, parameter._shape = array, array.shape
        parameter._grad = parameter._flat = parameter.init = None
        return parameter

    def reset(
        self, generator: np.random.Generator | None = None, initialise: Initialise | None = None
    ) -> None:
        """Draw the values anew by the parameter's own initialiser, or by one that becomes its own.

        A parameter made from values has none, and stays as it is.
        """
        if initialise is not None:
            self.init = initialise
        if self.init is not None:
            self.data = drawn(partial(self.init, self.shape), generator)

    @property
    def grad(self) -> NDArray:
        """The accumulated gradient, of the shape and dtype of ``data``."""
        if self._grad is None:
            self._grad = np.zeros_like(self._data)
        return self._grad

    @grad.setter
    def grad(self, values: Any) -> None:
        self.grad[...] = values

    @property
    def kind(self) -> str:
        return "f"

    def _allocated(self) -> NDArray:
        values, dtype = self._awaited
        return initial_values(values, None, dtype)

    def __graphnet_array__(self) -> Any:
        tracing = current_tracing.get()
        return self._data if tracing is None else tracing.parameter(self)

    if not TYPE_CHECKING:  # type checkers report these names

        @property
        def requires_grad(self) -> bool:
            raise PARAMETERS.error(self, "Parameter", "requires_grad")

        @requires_grad.setter
        @public
        def requires_grad(self, on: object) -> None:
            raise PARAMETERS.error(self, "Parameter", "requires_grad")

    def zero_grad(self) -> None:
        if self._grad is not None:
            self._grad.fill(0)

    def cast(self, dtype: Any) -> None:
        """Convert values and gradient to another dtype."""
        if self._data.dtype != np.dtype(dtype):
            self._data = self._data.astype(dtype)
            self._grad = None if self._grad is None else self._grad.astype(dtype)
            self._flat = None


def zeros(shape: Shape, generator: np.random.Generator) -> NDArray:
    """What a parameter of a shape alone starts from."""
    return np.zeros(shape)
