"""Tracing: run a Python function on symbolic arrays and keep the equations that it makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from graphnet.errors import DtypeError, ProgramError
from graphnet.ir.primitive import PRIMITIVES, Primitive
from graphnet.ir.program import Atom, Equation, Literal, Origin, Program, Var, literal
from graphnet.ir.types import ArrayType, Shape

current_origin: ContextVar[Origin | None] = ContextVar("current_origin", default=None)
"""The node being traced: every equation emitted meanwhile carries it."""

current_builder: ContextVar[Builder | None] = ContextVar("current_builder", default=None)
"""The innermost program being built."""


class Builder:
    """Collects the equations of one program while a function is traced.

    Builders nest: the body of a scan, or a backward program, may read arrays of the builders
    around it. Each such array becomes a *capture*: an input of the inner program, bound to
    the outer array. An operation on outer arrays alone is emitted outside, so whatever does not
    change within a scan is computed once. A ``barrier`` stops that: a backward program computes
    from residuals itself, and adds nothing to the forward program.
    """

    def __init__(self, outer: Builder | None = None, barrier: bool = False) -> None:
        self.outer = outer
        self.level: int = outer.level + 1 if outer else 0
        self.barrier: Builder = self if barrier or outer is None else outer.barrier
        self.steps: int | None = None  # of a scan body
        self.late: list[Array] = []  # sequences that the body asked for while it was traced
        self.inputs: list[Var] = []
        self.captures: dict[Atom, Var] = {}
        self.equations: list[Equation] = []

    def input(self, type: ArrayType) -> Array:
        """A new input of the program."""
        var = Var(type)
        self.inputs.append(var)
        return Array(self, var)

    def late_sequence(self, outer: Array) -> Array:
        """In the body of a scan: one slice of an outer array of shape (steps, …)."""
        self.late.append(outer)
        return self.input(ArrayType(outer.shape[1:], outer.dtype))

    def atom(self, array: Array) -> Atom:
        """The array as an operand here, captured from an outer builder if it lives there."""
        if array.builder is self or isinstance(array.atom, Literal):
            return array.atom
        if self.outer is None:
            raise ProgramError(
                f"uses an array {array.type} of another trace",
                "Arrays seen inside compute() must not be kept for later calls.",
            )
        outer_atom = self.outer.atom(array)
        if outer_atom not in self.captures:
            self.captures[outer_atom] = Var(outer_atom.type)
        return self.captures[outer_atom]

    def emit(
        self, primitive: Primitive, inputs: tuple[Atom, ...], settings: Mapping[str, Any]
    ) -> Any:
        """Append one equation; returns its result (a tuple of results when the primitive has many)."""
        types = primitive.output_types(inputs, settings)
        outputs = tuple(Var(type) for type in types)
        self.equations.append(Equation(primitive, inputs, settings, outputs, current_origin.get()))
        arrays = tuple(Array(self, var) for var in outputs)
        return arrays if primitive.many else arrays[0]

    def captured(self) -> list[Array]:
        """The outer arrays captured so far, in the order of the captured inputs."""
        assert self.outer is not None
        return [Array(self.outer, atom) for atom in self.captures]

    def program(self, outputs: Sequence[Atom]) -> Program:
        """Close: captured inputs come first, then the declared ones."""
        inputs = (*self.captures.values(), *self.inputs)
        return Program(inputs, list(self.equations), tuple(outputs))


class Array:
    """A symbolic array: it has a type but no values. Python operators emit equations.

    Shapes and dtypes are those of NumPy; ``x.shape``, ``x.T``, ``x @ y``, ``x[1:3]``, ``x.sum(0)``
    do what they do there.
    """

    __slots__ = ("atom", "builder")

    def __init__(self, builder: Builder, atom: Atom) -> None:
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
        raise DtypeError(
            f"has no truth value while it is traced ({self.type})",
            "Use where(condition, a, b) in place of if.",
            "array",
        )

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of an array without axes")
        return self.shape[0]

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        return apply_ufunc(ufunc, method, inputs, options)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise DtypeError(
            f"has no values while it is traced ({self.type})",
            "Use graphnet's array operations in compute(), or nn.Function for NumPy code.",
            "array",
        )

    def _call(self, name: str, *operands: Any, **settings: Any) -> Array:
        result: Array = PRIMITIVES[name](self, *operands, **settings)
        return result

    def _reflected(self, name: str, left: Any) -> Array:
        result: Array = PRIMITIVES[name](left, self)
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

    def __getitem__(self, index: Any) -> Array:
        from graphnet.ir.indexing import getitem

        return getitem(self, index)

    @property
    def T(self) -> Array:
        return self.transpose()

    def transpose(self, *axes: int) -> Array:
        """Axes in the given order; reversed when none is given."""
        return self._call("transpose", axes=axes or tuple(reversed(range(self.ndim))))

    def reshape(self, *shape: Any) -> Array:
        sizes = tuple(shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape)
        return self if sizes == self.shape else self._call("reshape", shape=sizes)

    def astype(self, dtype: Any) -> Array:
        dtype = np.dtype(dtype)
        return self if dtype == self.dtype else self._call("cast", dtype=dtype)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Array:
        return self._call("sum", axis=axis, keepdims=keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Array:
        return self._call("max", axis=axis, keepdims=keepdims)

    def min(self, axis: Any = None, keepdims: bool = False) -> Array:
        return -(-self).max(axis, keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Array:
        total = self.sum(axis, keepdims)
        return total * (total.size / self.size if self.size else float("nan"))


def apply(primitive: Primitive, operands: Sequence[Any], settings: Mapping[str, Any]) -> Any:
    """Emit for traced operands (in the innermost builder among them), compute for NumPy ones."""
    values = [resolve(operand) for operand in operands]
    traced = [value for value in values if isinstance(value, Array)]
    if not traced:
        return compute_now(primitive, values, settings)
    builder = home(traced)
    like = next((a.dtype for a in traced if a.type.is_float), traced[0].dtype)
    atoms = tuple(
        builder.atom(value) if isinstance(value, Array) else constant(value, like)
        for value in values
    )
    if all(isinstance(atom, Literal) for atom in atoms) and not primitive.many:
        return Array(builder, literal(compute_now(primitive, [a.value for a in atoms], settings)))
    return builder.emit(primitive, atoms, settings)


def apply_ufunc(ufunc: np.ufunc, method: str, inputs: Sequence[Any], options: Any) -> Any:
    """NumPy's own functions on traced arrays: ``np.tanh(x)`` is the primitive of that name."""
    primitive = PRIMITIVES.get(ufunc.__name__)
    if primitive is None or method != "__call__" or options:
        raise DtypeError(
            f"cannot be applied to a traced array (method {method}, options {sorted(options)})",
            "Use graphnet's array operations in compute(), or nn.Function for NumPy code.",
            f"np.{ufunc.__name__}",
        )
    return apply(primitive, inputs, {})


def home(traced: Sequence[Array]) -> Builder:
    """Where an operation on these arrays belongs: the innermost of their builders."""
    builder = max((array.builder for array in traced), key=lambda builder: builder.level)
    running = current_builder.get()
    if running is not None and builder.level < running.barrier.level:
        return running.barrier
    return builder


def resolve(operand: Any) -> Any:
    """A parameter stands for its array in the running trace; everything else for itself."""
    stand_in = getattr(operand, "__graphnet_array__", None)
    return operand if stand_in is None else stand_in()


def constant(value: Any, like: np.dtype[Any]) -> Literal:
    """A literal; numbers and floating arrays take the dtype of the arrays that they meet."""
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise DtypeError(f"{value!r} is not an array of numbers")
    is_number = isinstance(value, bool | int | float)
    if like.kind == "f" and (array.dtype.kind == "f" or is_number):
        array = array.astype(like)
    elif is_number and array.dtype.kind in "iu" and like.kind in "iu":
        array = array.astype(like)
    return literal(array)


def compute_now(primitive: Primitive, values: Sequence[Any], settings: Mapping[str, Any]) -> Any:
    """The result of a primitive on NumPy arrays, without a program."""
    from graphnet.ir.interpreter import execute_equation

    arrays = [np.asarray(value) for value in values]
    like = next(
        (a.dtype for a, v in zip(arrays, values, strict=True) if not isinstance(v, int | float)),
        arrays[0].dtype if arrays else np.dtype(float),
    )
    literals = tuple(constant(value, like) for value in values)
    primitive.output_types(literals, settings)
    results = execute_equation(primitive, settings, [item.value for item in literals])
    return results if primitive.many else results[0]


def trace(function: Callable[..., Any], *types: ArrayType) -> Program:
    """The program of a function of arrays (positional) that returns an array or a list of arrays."""
    builder = Builder()
    with building(builder):
        result = function(*[builder.input(type) for type in types])
    results = result if isinstance(result, tuple | list) else [result]
    return builder.program([atom_of(builder, value) for value in results])


@contextmanager
def building(builder: Builder) -> Iterator[Builder]:
    """Make this the innermost program being built."""
    token = current_builder.set(builder)
    try:
        yield builder
    finally:
        current_builder.reset(token)


@contextmanager
def origin(place: Origin | None) -> Iterator[None]:
    """Equations emitted in this block come from this node."""
    token = current_origin.set(place)
    try:
        yield
    finally:
        current_origin.reset(token)


def inline(program: Program, arrays: Sequence[Array]) -> list[Array]:
    """Emit the equations of a program again, on these arrays; returns its outputs."""
    values: dict[Var, Array] = dict(zip(program.inputs, arrays, strict=True))
    builder = current_builder.get()
    assert builder is not None

    def value(atom: Atom) -> Array:
        return Array(builder, atom) if isinstance(atom, Literal) else values[atom]

    for equation in program.equations:
        with origin(equation.origin):
            operands = [value(atom) for atom in equation.inputs]
            result = apply(equation.primitive, operands, equation.settings)
        results = result if equation.primitive.many else (result,)
        values.update(zip(equation.outputs, results, strict=True))
    return [value(atom) for atom in program.outputs]


def atom_of(builder: Builder, value: Any) -> Atom:
    """The operand that a traced value, a parameter or a constant is in this builder."""
    value = resolve(value)
    return builder.atom(value) if isinstance(value, Array) else literal(value)
