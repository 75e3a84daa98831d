"""Function: a user's own NumPy forward and backward as a module."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphnet.graph import Module, table
from graphnet.ir.opaque import call
from graphnet.ir.types import ArrayType, NDArray, type_of


class Function(Module):
    """``function(x) -> y`` and ``gradient(x, y, grad_y) -> grad_x``, on NumPy arrays or tables.

    The functions are called as they are: graphnet does not look inside. The shape of the output
    is ``output_shape(input_shape)`` (a tuple, or a list of tuples for a table); without that
    function it is found by one call of ``function`` on zeros. Such a module cannot be saved.

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
            return table.flatten(self.function(table.unflatten(structure, arrays)))[0]

        def backward(arrays: Sequence[NDArray]) -> Sequence[Any]:
            x = table.unflatten(structure, arrays[:count])
            y = table.unflatten(result, arrays[count : count + outputs])
            g = table.unflatten(result, arrays[count + outputs :])
            gradients = table.flatten(self.gradient(x, y, g))[0]
            return [g for g, leaf in zip(gradients, leaves, strict=True) if leaf.type.is_float]

        name = getattr(self.function, "__name__", "function")
        values = call(*leaves, function=forward, gradient=backward, types=types, label=name)
        return table.unflatten(result, values)

    def _output_types(
        self, types: Sequence[ArrayType], structure: table.Structure
    ) -> tuple[tuple[ArrayType, ...], table.Structure]:
        if self.output_shape is None:
            with np.errstate(all="ignore"):
                zeros = [np.zeros(type.shape, type.dtype) for type in types]
                value = self.function(table.unflatten(structure, zeros))
            leaves, result = table.flatten(value)
            return tuple(type_of(np.asarray(leaf)) for leaf in leaves), result
        shapes = self.output_shape(table.unflatten(structure, [type.shape for type in types]))
        several = isinstance(shapes, list)
        listed = [tuple(shape) for shape in shapes] if several else [tuple(shapes)]
        result = (None,) * len(listed) if several else None
        return tuple(ArrayType(shape, types[0].dtype) for shape in listed), result
