"""Function: a user's own NumPy forward and backward as a module."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphnet.errors import DtypeError, GraphnetError, ShapeError
from graphnet.graph import Module
from graphnet.graph.tracing.numpy_draws import drawing_in_each_run
from graphnet.graph.values import table
from graphnet.ir.core.types import ArrayType, NDArray, type_of
from graphnet.ops import call_numpy

__all__ = ["Function"]


class Function(Module):
    """``function(x) -> y`` and ``gradient(x, y, grad_y) -> grad_x``, on NumPy arrays or tables.

    Shapes are any. The functions are called as they are: graphnet does not look inside. The shape
    of the output is ``output_shape(input_shape)`` (a tuple, or a list of tuples for a table);
    without it, one call of ``function`` on zeros finds it. Such a module cannot be saved.

    Raises DtypeError if one of them returns something other than numbers, or complex numbers or
    floats where real or whole ones are expected, ShapeError if a shape or the number of arrays is
    not the one expected. What the functions themselves raise becomes a GraphnetError that names
    the node; its cause is the exception.

    >>> import numpy as np
    >>> cube = Function(lambda x: x**3, lambda x, y, g: g * 3 * x**2)
    >>> cube.forward(np.array([1.0, 2.0]))
    array([1., 8.])
    >>> cube.backward(np.array([1.0, 2.0]), np.ones(2))
    array([ 3., 12.])
    """

    def __init__(
        self,
        function: Callable[[Any], Any],
        gradient: Callable[[Any, Any, Any], Any],
        output_shape: Callable[[Any], Any] | None = None,
    ) -> None:
        self.function = function
        self.gradient = gradient
        self.output_shape = output_shape

    def compute(self, input: Any) -> Any:
        leaves, structure = table.flatten(input)
        types, result = self._output_types([leaf.type for leaf in leaves], structure)
        count, outputs = len(leaves), len(types)

        def forward(arrays: Sequence[NDArray]) -> Sequence[Any]:
            x = table.unflatten(structure, arrays)
            return table.flatten(called(self.function, "function", x))[0]

        def backward(arrays: Sequence[NDArray]) -> Sequence[Any]:
            x = table.unflatten(structure, arrays[:count])
            y = table.unflatten(result, arrays[count : count + outputs])
            g = table.unflatten(result, arrays[count + outputs :])
            gradients = table.flatten(called(self.gradient, "gradient", x, y, g))[0]
            if len(gradients) != count:
                raise ShapeError(
                    f"calls its gradient, which returns {len(gradients)} arrays, expected {count}",
                    "One for each array of the input, None for one of whole numbers.",
                )
            return [g for g, leaf in zip(gradients, leaves, strict=True) if leaf.type.is_float]

        name = getattr(self.function, "__name__", "function")
        values = call_numpy(*leaves, function=forward, gradient=backward, types=types, label=name)
        return table.unflatten(result, values)

    def _output_types(
        self, types: Sequence[ArrayType], structure: table.Structure
    ) -> tuple[tuple[ArrayType, ...], table.Structure]:
        if self.output_shape is None:
            with np.errstate(all="ignore"):
                zeros = [np.zeros(type.shape, type.dtype) for type in types]
                with drawing_in_each_run():
                    value = called(self.function, "function", table.unflatten(structure, zeros))
            leaves, result = table.flatten(value)
            return tuple(type_of(require_numbers(leaf)) for leaf in leaves), result
        shapes = table.unflatten(structure, [type.shape for type in types])
        shapes = called(self.output_shape, "output_shape", shapes)
        several = isinstance(shapes, list)
        listed = [tuple(shape) for shape in shapes] if several else [tuple(shapes)]
        result = (None,) * len(listed) if several else None
        return tuple(ArrayType(shape, types[0].dtype) for shape in listed), result


def called(function: Callable[..., Any], name: str, *values: Any) -> Any:
    """What a user's function returns; its exceptions become errors that can name the node."""
    try:
        return function(*values)
    except GraphnetError:
        raise
    except Exception as error:
        raise GraphnetError(
            f"calls its {name}, which raises {type(error).__name__}: {error}",
            "The exception above this one shows the line.",
        ) from error


def require_numbers(value: Any) -> NDArray:
    """The array that a function returns; raises DtypeError for anything else."""
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        shown = f"{array.dtype}{[*array.shape]}" if array.ndim else f"{value!r:.40}"
        raise DtypeError(
            f"calls its function, which returns {shown}, expected arrays of real numbers",
            "Is a return statement missing?" if value is None else "",
        )
    return array
