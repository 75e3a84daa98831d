"""Constant: an array or a parameter as a node."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnet.errors import ShapeError
from graphnet.graph import Module, Parameter
from graphnet.graph.tracing.tracing import floating_dtype
from graphnet.graph.values import table
from graphnet.ir.core.types import NDArray
from graphnet.nn.layers.linear import positive
from graphnet.ops import broadcast_to, zeros

__all__ = ["Constant"]


class Constant(Module):
    """A value that depends on no input: ``nn.Constant(array)()`` is a node without parents.

    ``value`` is an array of any shape, a number, which counts as an array (1,), or a ``Parameter``;
    with ``learned`` an array becomes one. Floating values take the dtype of the net. Applied to an
    array, it gives the value all the same; with ``input_dims``, an array of one axis more than that
    has a batch axis in front, and the value is repeated over it: (batch, …) to (batch, …) with the
    axes of the value. Element-Research dpnn's Constant.lua. Raises ValueError for ``input_dims``
    below 1, ShapeError for no array as input where ``input_dims`` is given.

    >>> import numpy as np, graphnet as gn
    >>> from graphnet import nn
    >>> x = gn.input("x")
    >>> shifted = x + nn.Constant(np.array([1.0, 2.0]))()
    >>> gn.GModule([x], [shifted]).forward(np.zeros((3, 2)))[0]
    array([1., 2.])
    """

    is_source = True

    def __init__(
        self,
        value: Parameter | NDArray | float,
        input_dims: int | None = None,
        learned: bool = False,
    ) -> None:
        is_number = not isinstance(value, Parameter) and not np.ndim(value)
        array: Any = np.full(1, value) if is_number else value
        self.learned = bool(learned) or isinstance(array, Parameter)
        self.value: Parameter | NDArray = (
            Parameter(array) if learned and not isinstance(array, Parameter) else array
        )
        self.input_dims = input_dims and positive("Constant: input_dims", input_dims)

    def compute(self, input: Any) -> Any:
        value = as_traced(self.value)
        if self.input_dims is None:
            return value
        if input is None or table.is_table(input):
            raise ShapeError(
                f"expects an array of {self.input_dims} axes or one more, "
                f"received {'nothing' if input is None else table.describe(input)}"
            )
        batch = input.shape[:1] if input.ndim > self.input_dims else ()
        return broadcast_to(value, (*batch, *value.shape))


def as_traced(value: Parameter | NDArray) -> Any:
    """A parameter or a NumPy array as a value of the net, floating ones in its dtype."""
    if isinstance(value, Parameter):
        return value.reshape(value.shape)
    dtype = floating_dtype() if value.dtype.kind == "f" else value.dtype
    return zeros(value.shape, dtype) + value.astype(dtype)
