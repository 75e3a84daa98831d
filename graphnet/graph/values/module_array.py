"""Arrays that modules hold: NumPy arrays in expressions, traced arrays in ``compute``."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from graphnet.errors import DtypeError, ShapeError
from graphnet.graph.values.changes import changes
from graphnet.graph.values.context import current_tracing
from graphnet.graph.values.random import drawn
from graphnet.ir.core.array import Array
from graphnet.ir.core.trace import apply_ufunc
from graphnet.ir.core.types import NDArray, Shape
from graphnet.names.table import Names
from graphnet.tracebacks import shorten

IN_PLACE = frozenset(
    ("byteswap", "fill", "itemset", "partition", "put", "resize", "setfield", "sort")
)
"""NumPy's methods that change an array."""

Initialise = Callable[[Shape, np.random.Generator], NDArray]


class ModuleArray(NDArrayOperatorsMixin, ABC):
    """An array that a module holds; ``Parameter`` and ``Buffer`` say what it is for.

    Its memory is allocated at first use where it was made while a file is loaded.
    """

    __slots__ = ("__weakref__", "_awaited", "_changed", "_data", "_shape")
    __hash__ = object.__hash__
    _data: NDArray
    _shape: Shape
    elsewhere: ClassVar[Names]
    """Names of other libraries."""

    @property
    def data(self) -> NDArray:
        """The values."""
        return self._data

    @data.setter
    def data(self, values: Any) -> None:
        array = np.asarray(values)
        if array.shape != self.shape:
            raise ShapeError(
                f"receives values {array.shape}, expected {self.shape}", "", type(self).__name__
            )
        self._data[...] = array
        changes.note((self,))

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

    @property
    @abstractmethod
    def kind(self) -> str:
        """``"f"`` for floating values, ``"i"``, ``"u"`` or ``"b"``, before memory is allocated."""

    @abstractmethod
    def _allocated(self) -> NDArray:
        """New memory with the first values."""

    @abstractmethod
    def __graphnet_array__(self) -> Any:
        """The values, or what stands for them in a trace."""

    @abstractmethod
    def cast(self, dtype: Any) -> None:
        """Convert the values to another dtype."""

    def __getattr__(self, name: str) -> Any:
        """NumPy's methods (``sum``, ``mean``, ``astype`` …), on the values or the traced array."""
        if name == "_data":
            self._data = self._allocated()
            return self._data
        if name == "_changed":
            return 0  # not changed so far
        if name.startswith("_"):
            raise AttributeError(name)
        if name in self.elsewhere.equivalents:
            try:
                raise self.elsewhere.error(self, type(self).__name__, name)
            except AttributeError as error:
                shorten(error)
                raise
        found = getattr(self.__graphnet_array__(), name)
        if name in IN_PLACE:
            changes.note((self,))
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray:
        if current_tracing.get() is not None:
            raise DtypeError(
                f"A {type(self).__name__.lower()} {self.shape} has no values while it is traced",
                "Use graphnet.ops in compute(), or nn.Function for NumPy code.",
            )
        return np.array(self._data, dtype=dtype) if copy else np.asarray(self._data, dtype=dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        values = [v.__graphnet_array__() if isinstance(v, ModuleArray) else v for v in inputs]
        if any(isinstance(value, Array) for value in values):
            return apply_ufunc(ufunc, method, values, options)
        out = options.get("out", ())
        if out:
            options["out"] = tuple(o.data if isinstance(o, ModuleArray) else o for o in out)
        result = getattr(ufunc, method)(*values, **options)
        changed = [p for p in (out or inputs[:1] * (method == "at")) if isinstance(p, ModuleArray)]
        if changed:
            changes.note(changed)
        return out[0] if len(out) == 1 else result

    def __eq__(self, other: object) -> Any:
        """Identity among such arrays (sharing is by object), element-wise with anything else."""
        if isinstance(other, ModuleArray):
            return self is other
        return self.__graphnet_array__() == other

    def __ne__(self, other: object) -> Any:
        if isinstance(other, ModuleArray):
            return self is not other
        return self.__graphnet_array__() != other

    def __getitem__(self, index: Any) -> Any:
        return self.__graphnet_array__()[index]

    def __setitem__(self, index: Any, values: Any) -> None:
        self._data[index] = values
        changes.note((self,))

    def __len__(self) -> int:
        return len(self._data)

    def __int__(self) -> int:
        return int(self.__graphnet_array__())

    def __float__(self) -> float:
        return float(self.__graphnet_array__())

    def __bool__(self) -> bool:
        return True  # so that ``if self.bias`` asks whether there is one

    def __repr__(self) -> str:
        return f"{type(self).__name__}{self.shape} {self.dtype}\n{self._data!r}"


def shape_or_values(value: Any, initialise: Initialise | None, owner: str) -> Any:
    """A tuple for a shape, else the values; raises ShapeError for what could be both or neither."""
    numbers = value if isinstance(value, list | tuple) else [value]
    is_shape = all(isinstance(number, int | np.integer) for number in numbers)
    if isinstance(value, tuple) or initialise is not None:
        if is_shape and all(number >= 0 for number in numbers):
            return tuple(numbers)
        raise ShapeError(
            f"received {value!r:.60}, expected a shape of whole numbers from 0",
            "Values are an array without an initialiser: np.array([0.5, 1.0]).",
            owner,
        )
    if is_shape:
        raise ShapeError(
            f"received {value!r:.60}, which could be a shape or values",
            f"Write {(*numbers,)!r:.60} for a shape, np.array({value!r:.60}) for values.",
            owner,
        )
    return value


def initial_values(
    values: Shape | NDArray, initialise: Initialise | None, dtype: Any = np.float64
) -> NDArray:
    """New memory with the first values; raises DtypeError for what is no number.

    Without a ``dtype`` an array keeps its own, and others are float64.
    """
    if isinstance(values, tuple):
        start = (
            np.zeros(values, dtype) if initialise is None else drawn(partial(initialise, values))
        )
        return np.asarray(start, dtype=dtype or np.float64)
    array = np.array(values)
    if array.dtype.kind not in "biuf":
        raise DtypeError(f"A parameter or buffer received values of dtype {array.dtype}")
    return array if array.dtype.kind == "f" or dtype is None else array.astype(dtype)
