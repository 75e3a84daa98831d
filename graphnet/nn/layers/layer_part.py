"""LayerPart: a slice of the outputs of a layer, with views of the parameters that compute it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphnet.errors import ShapeError
from graphnet.graph import Module, Parameter
from graphnet.graph.values.table import describe, is_table
from graphnet.ir.core.types import NDArray
from graphnet.nn.layers.linear import positive

__all__ = ["LayerPart"]


class LayerPart(Module):
    """Outputs ``offset`` to ``offset + length`` of a layer: (…, outputs) to (…, length).

    It is applied to the layer's output. ``weight`` and ``bias`` are views of the rows of the
    layer's parameters that compute these outputs, so that a gate of a merged product is read and
    written as if it had a layer of its own. They are looked up on each access, since conversions
    and flattening move parameters.

    Raises ValueError for a length below 1, ShapeError if the layer has fewer outputs.

    >>> import numpy as np, graphnet as gn
    >>> from graphnet import nn
    >>> x = gn.input()
    >>> both = nn.Linear(2, 6)(x)
    >>> second = LayerPart(3, 3, both.weight, both.bias)(both)
    >>> net = gn.GModule(x, second)
    >>> net["second"].weight[:] = 0
    >>> net["second"].bias[:] = [1, 2, 3]
    >>> net.forward(np.ones((1, 2)))
    array([[1., 2., 3.]])
    """

    def __init__(
        self,
        offset: int,
        length: int,
        layer_weight: Parameter | NDArray,
        layer_bias: Parameter | NDArray | None = None,
    ) -> None:
        self.offset = offset
        self.length = positive("LayerPart: length", length)
        self.layer_weight = as_parameter(layer_weight)
        self.layer_bias = None if layer_bias is None else as_parameter(layer_bias)

    @property
    def rows(self) -> slice:
        """The rows of the layer's parameters, as a slice."""
        return slice(self.offset, self.offset + self.length)

    @property
    def weight(self) -> NDArray:
        """A view of the rows of the layer's weight, (length, inputs)."""
        return self.layer_weight.data[self.rows]

    @property
    def bias(self) -> NDArray | None:
        """A view of the entries of the layer's bias, (length,), or None if it has none."""
        return None if self.layer_bias is None else self.layer_bias.data[self.rows]

    def parameter_rows(self) -> Iterator[tuple[str, Parameter, slice]]:
        """Name, parameter and rows of each view, for a table of parameters: see ``NamesRows``."""
        yield "weight", self.layer_weight, self.rows
        if self.layer_bias is not None:
            yield "bias", self.layer_bias, self.rows

    def description(self) -> str:
        return f"LayerPart({self.offset}, {self.length})"

    def compute(self, x: Any) -> Any:
        stop = self.offset + self.length
        if is_table(x) or not x.ndim or not 0 <= self.offset < stop <= x.shape[-1]:
            raise ShapeError(
                f"reads outputs {self.offset} to {stop - 1} of {describe(x)}",
                "It is applied to the output of its layer.",
            )
        return x[..., self.rows]


def as_parameter(values: Parameter | NDArray) -> Parameter:
    """The layer's own parameter; from a file come values, until they are shared again."""
    return values if isinstance(values, Parameter) else Parameter(values)
