"""Weight normalisation: a layer whose weight is a length times a direction."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnet.errors import GraphError, GraphnetError
from graphnet.graph import Module, Parameter
from graphnet.graph.tracing.tracing import active_tracing
from graphnet.ir.core.types import NDArray
from graphnet.ops import sqrt

__all__ = ["WeightNorm"]


class WeightNorm(Module):
    """A layer that computes with ``g * v / |v|`` in place of its weight v.

    Inputs and outputs have the shapes of the layer's. The weight of each output, the entries of v
    at a position of ``axis``, has the length that ``g`` (outputs,) says; ``g`` starts with the
    lengths that they have, so that at first nothing changes. ``parameter`` names the layer's
    parameter, which is v. Salimans & Kingma 2016, "Weight normalization"; Torch's
    nn/WeightNorm.lua, PyTorch's ``weight_norm``.

    Raises GraphError for a layer that has no parameter of this name, or not the axis, and
    GraphnetError where ``compute`` is called outside of a run.

    >>> from graphnet import nn
    >>> layer = WeightNorm(nn.Linear(3, 2))
    >>> list(layer.parameters().named)
    ['g', 'weight', 'bias']
    """

    inside = "module"

    def __init__(self, module: Module, axis: int = 0, parameter: str = "weight") -> None:
        self.module = module
        self.axis = axis
        self.parameter = parameter
        self.g = Parameter(self._lengths())

    def _lengths(self) -> NDArray:
        """The lengths of the weights of each output."""
        direction = self._direction()
        lengths: NDArray = np.sqrt((direction.data**2).sum(self._others(direction)))
        return lengths

    def _after_reset(self) -> None:
        self.g.data = self._lengths()

    def _direction(self) -> Parameter:
        """The layer's own parameter."""
        own = dict(self.module.own_parameters())
        if self.parameter not in own:
            raise GraphError(
                f"wraps {self.module.description():.60}, which has no parameter {self.parameter!r}",
                f"It has: {', '.join(own) or 'none'}; the layer itself, not what holds it.",
                "WeightNorm",
            )
        return own[self.parameter]

    def _others(self, direction: Parameter) -> tuple[int, ...]:
        """All axes but that of the outputs."""
        if not -direction.ndim <= self.axis < direction.ndim:
            raise GraphError(
                f"has axis {self.axis}, and the {self.parameter} is {direction.shape}",
                "",
                "WeightNorm",
            )
        return tuple(a for a in range(direction.ndim) if a != self.axis % direction.ndim)

    def compute(self, x: Any) -> Any:
        tracing = active_tracing()
        if tracing is None:
            raise GraphnetError("runs in a net or by itself, forward(x)", subject="WeightNorm")
        direction = self._direction()
        shape = [1] * direction.ndim
        shape[self.axis] = self.g.size
        length = sqrt((direction * direction).sum(self._others(direction), keepdims=True))
        with tracing.parameters.replacing(direction, direction * (self.g.reshape(shape) / length)):
            return self.module.call(x)
