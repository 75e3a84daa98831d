"""Array: the symbolic array that ``compute`` sees; NumPy's operators and methods on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from graphnet.errors import DtypeError
from graphnet.ir.core import missing
from graphnet.ir.core.primitive import PRIMITIVES, Primitive
from graphnet.ir.core.program import Atom
from graphnet.ir.core.subscripts import selection
from graphnet.ir.core.types import ArrayType, Shape


class Scope(Protocol):
    """The scope of an array: a program under construction (``Builder``)."""

    @property
    def level(self) -> int:
        """The number of enclosing scopes."""

    def all_steps(self) -> tuple[int, ...]:
        """The lengths of the enclosing scans, the outermost first."""

    def atom(self, array: Array) -> Atom:
        """The array as an operand here."""

    def emit(
        self, primitive: Primitive, inputs: tuple[Atom, ...], settings: Mapping[str, Any]
    ) -> Any:
        """Append one equation; returns its result, or a tuple if the primitive has many."""

    def apply(
        self, primitive: Primitive, operands: Sequence[Any], settings: Mapping[str, Any]
    ) -> Any:
        """Emit an operation on arrays, at least one of them traced, where it belongs."""


class Array:
    """A symbolic array: it has a type but no values. Python operators emit equations.

    Shapes, dtypes and semantics are those of NumPy: ``x.shape``, ``x.T``, ``x @ y``, ``x[1:3]``,
    ``x.sum(0)``.
    """

    __slots__ = ("atom", "builder")

    def __init__(self, builder: Scope, atom: Atom) -> None:
        self.builder = builder
        self.atom = atom

    @property
    def type(self) -> ArrayType:
        return self.atom.type

    @property
    def shape(self) -> Shape:
        return self.atom.type.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.atom.type.dtype

    @property
    def ndim(self) -> int:
        return len(self.atom.type.shape)

    @property
    def size(self) -> int:
        return self.atom.type.size

    def __repr__(self) -> str:
        return f"Array({self.type})"

    def __bool__(self) -> bool:
        raise missing.no_truth(self.type)

    def __float__(self) -> float:
        raise missing.no_number("calls float(x)", self.type)

    def __int__(self) -> int:
        raise missing.no_number("calls int(x)", self.type)

    def __index__(self) -> int:
        raise missing.no_number("uses x as a whole number", self.type)

    def __format__(self, form: str) -> str:
        if form:
            raise missing.no_values(self.type)
        return repr(self)

    def __setitem__(self, index: Any, value: Any) -> None:
        raise missing.no_assignment(index)

    @classmethod
    def __torch_function__(cls, function: Any, *_: Any) -> Any:
        raise missing.no_tensor(function)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of an array without axes")
        return self.shape[0]

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        return self.builder.apply(primitive_of(ufunc, method, options), inputs, {})

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise missing.no_values(self.type)

    if not TYPE_CHECKING:  # type checkers report missing attributes

        def __getattr__(self, name: str) -> Any:
            raise missing.no_attribute(self, name)

    def _call(self, name: str, *operands: Any, **settings: Any) -> Array:
        result: Array = self.builder.apply(PRIMITIVES[name], (self, *operands), settings)
        return result

    def _reflected(self, name: str, left: Any) -> Array:
        result: Array = self.builder.apply(PRIMITIVES[name], (left, self), {})
        return result

    def __add__(self, other: Any) -> Array:
        return self._call("add", other)

    def __radd__(self, other: Any) -> Array:
        return self._reflected("add", other)

    def __sub__(self, other: Any) -> Array:
        return self._call("subtract", other)

    def __rsub__(self, other: Any) -> Array:
        return self._reflected("subtract", other)

    def __mul__(self, other: Any) -> Array:
        return self._call("multiply", other)

    def __rmul__(self, other: Any) -> Array:
        return self._reflected("multiply", other)

    def __truediv__(self, other: Any) -> Array:
        return self._call("divide", other)

    def __rtruediv__(self, other: Any) -> Array:
        return self._reflected("divide", other)

    def __pow__(self, other: Any) -> Array:
        return self._call("power", other)

    def __rpow__(self, other: Any) -> Array:
        return self._reflected("power", other)

    def __matmul__(self, other: Any) -> Array:
        return self._call("matmul", other)

    def __rmatmul__(self, other: Any) -> Array:
        return self._reflected("matmul", other)

    def __neg__(self) -> Array:
        return self._call("negative")

    def __abs__(self) -> Array:
        return self._call("absolute")

    def __lt__(self, other: Any) -> Array:
        return self._call("less", other)

    def __le__(self, other: Any) -> Array:
        return self._call("less_equal", other)

    def __gt__(self, other: Any) -> Array:
        return self._call("greater", other)

    def __ge__(self, other: Any) -> Array:
        return self._call("greater_equal", other)

    def __eq__(self, other: object) -> Any:
        return self._call("equal", other)

    def __ne__(self, other: object) -> Any:
        return self._call("not_equal", other)

    __hash__ = object.__hash__

    def __getitem__(self, index: Any) -> Array:
        """For integers, slices with positive step, ``...``, ``None``, or an array of indices."""
        if isinstance(index, Array | np.ndarray):
            return self._call("take", index)
        window, shape = selection(index, self.shape)
        whole = tuple((0, n, 1) for n in self.shape)
        part = self if window == whole else self._call("slice", window=window)
        return part.reshape(shape)

    @property
    def T(self) -> Array:
        return self.transpose()

    def transpose(self, *axes: int) -> Array:
        """Axes in the given order; reversed by default."""
        return self._call("transpose", axes=axes or tuple(reversed(range(self.ndim))))

    def reshape(self, *shape: Any) -> Array:
        sizes = tuple(shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape)
        return self if sizes == self.shape else self._call("reshape", shape=sizes)

    def astype(self, dtype: Any) -> Array:
        dtype = np.dtype(dtype)
        return self if dtype == self.dtype else self._call("cast", dtype=dtype)

    # ``dtype`` and ``out`` are there for np.sum(x) and its like, which pass them as None

    def sum(
        self, axis: Any = None, keepdims: bool = False, dtype: None = None, out: None = None
    ) -> Array:
        return self._call("sum", axis=axis, keepdims=keepdims)

    def max(self, axis: Any = None, keepdims: bool = False, out: None = None) -> Array:
        return self._call("max", axis=axis, keepdims=keepdims)

    def min(self, axis: Any = None, keepdims: bool = False, out: None = None) -> Array:
        return -(-self).max(axis, keepdims)

    def mean(
        self, axis: Any = None, keepdims: bool = False, dtype: None = None, out: None = None
    ) -> Array:
        total = self.sum(axis, keepdims)
        return total * (total.size / self.size if self.size else float("nan"))


def primitive_of(ufunc: np.ufunc, method: str, options: Mapping[str, Any]) -> Primitive:
    """The primitive that one of NumPy's functions is: ``np.tanh`` is the one of that name."""
    primitive = PRIMITIVES.get(ufunc.__name__)
    if primitive is None or method != "__call__" or options:
        raise DtypeError(
            f"cannot be applied to a traced array (method {method}, options {sorted(options)})",
            "Use graphnet.ops in compute(), or nn.Function for NumPy code.",
            f"np.{ufunc.__name__}",
        )
    return primitive
