"""Parameters: named arrays with gradients, kept in one contiguous vector for each dtype."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from graphnet.errors import DtypeError, ShapeError
from graphnet.graph.values.changes import changes
from graphnet.graph.values.context import current_tracing, initialising
from graphnet.graph.values.random import drawn
from graphnet.ir.core.array import Array
from graphnet.ir.core.trace import apply_ufunc
from graphnet.ir.core.types import NDArray, Shape
from graphnet.names_from_elsewhere import PARAMETERS
from graphnet.tracebacks import public, shorten

IN_PLACE = frozenset(
    ("byteswap", "fill", "itemset", "partition", "put", "resize", "setfield", "sort")
)
"""NumPy's methods that change an array."""

Initialise = Callable[[Shape, np.random.Generator], NDArray]


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


class Parameter(NDArrayOperatorsMixin):
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

    __slots__ = ("__weakref__", "_awaited", "_changed", "_data", "_flat", "_grad", "_shape", "init")
    __hash__ = object.__hash__
    _data: NDArray

    def __init__(
        self,
        values: Shape | Sequence[Any] | NDArray | float,
        initialise: Initialise | None = None,
        dtype: Any = np.float64,
    ) -> None:
        start = shape_or_values(values, initialise)
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
    def data(self) -> NDArray:
        """The values; a view of the flat vector once the parameters are flattened."""
        return self._data

    @data.setter
    def data(self, values: Any) -> None:
        array = np.asarray(values)
        if array.shape != self.shape:
            raise ShapeError(
                f"receives values {array.shape}, expected {self.shape}", "", "Parameter"
            )
        self._data[...] = array
        changes.note((self,))

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
    def shape(self) -> Shape:
        return self._shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._data.dtype

    @property
    def size(self) -> int:
        return math.prod(self._shape)

    @property
    def ndim(self) -> int:
        return len(self._shape)

    @property
    def T(self) -> Any:
        """The transposed values (a traced array inside ``compute``)."""
        return self.__graphnet_array__().T

    def reshape(self, *shape: Any) -> Any:
        return self.__graphnet_array__().reshape(*shape)

    def __getattr__(self, name: str) -> Any:
        """NumPy's methods (``sum``, ``mean``, ``astype`` …), on the values or the traced array."""
        if name == "_data":  # allocated at first use
            values, dtype = self._awaited
            self._data = initial_values(values, None, dtype)
            return self._data
        if name == "_changed":
            return 0  # not changed so far
        if name.startswith("_"):
            raise AttributeError(name)
        if name in PARAMETERS.equivalents:
            try:
                raise PARAMETERS.error(self, "Parameter", name)
            except AttributeError as error:
                shorten(error)
                raise
        found = getattr(self.__graphnet_array__(), name)
        if name in IN_PLACE:
            changes.note((self,))
        return found

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

    def __graphnet_array__(self) -> Any:
        tracing = current_tracing.get()
        return self._data if tracing is None else tracing.parameter(self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray:
        if current_tracing.get() is not None:
            raise DtypeError(
                f"A parameter {self.shape} has no values while it is traced",
                "Use graphnet.ops in compute(), or nn.Function for NumPy code.",
            )
        return np.array(self._data, dtype=dtype) if copy else np.asarray(self._data, dtype=dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        values = [v.__graphnet_array__() if isinstance(v, Parameter) else v for v in inputs]
        if any(isinstance(value, Array) for value in values):
            return apply_ufunc(ufunc, method, values, options)
        out = options.get("out", ())
        if out:
            options["out"] = tuple(o.data if isinstance(o, Parameter) else o for o in out)
        result = getattr(ufunc, method)(*values, **options)
        changed = [p for p in (out or inputs[:1] * (method == "at")) if isinstance(p, Parameter)]
        if changed:
            changes.note(changed)
        return out[0] if len(out) == 1 else result

    def __eq__(self, other: object) -> Any:
        """Identity among parameters (sharing is by object), element-wise with anything else."""
        if isinstance(other, Parameter):
            return self is other
        return self.__graphnet_array__() == other

    def __ne__(self, other: object) -> Any:
        if isinstance(other, Parameter):
            return self is not other
        return self.__graphnet_array__() != other

    def __getitem__(self, index: Any) -> Any:
        return self.__graphnet_array__()[index]

    def __setitem__(self, index: Any, values: Any) -> None:
        self._data[index] = values
        changes.note((self,))

    def __len__(self) -> int:
        return len(self._data)

    def __bool__(self) -> bool:
        return True  # so that ``if self.bias`` asks whether there is one

    def __repr__(self) -> str:
        return f"Parameter{self.shape} {self.dtype}\n{self._data!r}"


def zeros(shape: Shape, generator: np.random.Generator) -> NDArray:
    """What a parameter of a shape alone starts from."""
    return np.zeros(shape)


def shape_or_values(value: Any, initialise: Initialise | None) -> Any:
    """A tuple for a shape, else the values; raises ShapeError for what could be both or neither."""
    numbers = value if isinstance(value, list | tuple) else [value]
    is_shape = all(isinstance(number, int | np.integer) for number in numbers)
    if isinstance(value, tuple) or initialise is not None:
        if is_shape and all(number >= 0 for number in numbers):
            return tuple(numbers)
        raise ShapeError(
            f"received {value!r:.60}, expected a shape of whole numbers from 0",
            "Values are an array without an initialiser: np.array([0.5, 1.0]).",
            "Parameter",
        )
    if is_shape:
        raise ShapeError(
            f"received {value!r:.60}, which could be a shape or values",
            f"Write {(*numbers,)!r:.60} for a shape, np.array({value!r:.60}) for values.",
            "Parameter",
        )
    return value


def initial_values(
    values: Shape | NDArray, initialise: Initialise | None, dtype: Any = np.float64
) -> NDArray:
    """New memory with what a parameter starts from; raises DtypeError for what is no number."""
    if isinstance(values, tuple):
        start = (
            np.zeros(values, dtype) if initialise is None else drawn(partial(initialise, values))
        )
        return np.asarray(start, dtype=dtype)
    array = np.array(values)
    if array.dtype.kind not in "biuf":
        raise DtypeError(f"A parameter received values of dtype {array.dtype}")
    return array if array.dtype.kind == "f" else array.astype(dtype)
