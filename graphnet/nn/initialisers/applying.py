"""Initialisers applied to the parameters of a name, and to forget gates."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TypeVar

import numpy as np

from graphnet.errors import GraphError
from graphnet.graph import Module, Parameter
from graphnet.graph.modules.calls import checked
from graphnet.graph.values.changes import changes
from graphnet.graph.values.parameter import Initialise
from graphnet.graph.values.parameter_table import NamesRows
from graphnet.graph.values.patterns import matches, matching_paths
from graphnet.graph.values.random import drawn
from graphnet.ir.core.types import NDArray, Shape
from graphnet.nn.initialisers.distributions import constant

N = TypeVar("N", bound=Module)


@checked
def apply(net: N, pattern: str, initialise: Initialise) -> N:
    """Initialise all parameters that a pattern (``*.weight``) names, from the net's generator.

    The initialiser becomes their own, by which ``net.reset()`` draws them. The named rows of a
    merged parameter (``forget_gate.i2h.bias``) count as parameters too, so that each gate is
    initialised by itself. Returns the net. Raises GraphError if there is no such parameter,
    ShapeError if the initialiser is for other shapes.

    >>> import graphnet as gn
    >>> from graphnet import nn
    >>> net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    >>> net = nn.init.apply(net, "*.weight", nn.init.orthogonal())
    >>> net = nn.init.apply(net, "*.bias", nn.init.constant(0.0))
    """
    named = dict(net.named_parameters())
    rows = dict(named_rows(net))
    for path in matching_paths(pattern, [*named, *rows], type(net).__name__):
        if path in named:
            named[path].reset(net.generator, initialise)
        else:
            fill(*rows[path], initialise, net)
    return net


@checked
def forget_gate_bias(net: N, value: float = 1.0) -> N:
    """Let the biases of all forget gates of a net add up to a value, at first; returns the net.

    Of several biases of a gate the first has the value, the others are 0 (Gers et al. 2000,
    Jozefowicz et al. 2015). Raises GraphError if the net has no forget gate with a bias.

    >>> from graphnet import nn
    >>> net = nn.init.forget_gate_bias(nn.LSTM(3, 2))
    >>> net.parameters()["layer1.forget_gate.i2h.bias"].data
    array([1., 1.])
    """
    named = dict(net.named_parameters())
    rows = dict(named_rows(net))
    seen: set[str] = set()
    for path in [*named, *rows]:
        if not matches(path, "forget_gate*bias*"):
            continue
        gate = path.rpartition("forget_gate")[0]
        start = constant(0.0 if gate in seen else value)
        seen.add(gate)
        if path in named:
            named[path].reset(net.generator, start)
        else:
            fill(*rows[path], start, net)
    if not seen:
        raise GraphError(
            f"{type(net).__name__} has no forget gate with a bias", f"There are: {', '.join(named)}"
        )
    return net


def named_rows(net: Module) -> Iterator[tuple[str, tuple[Parameter, slice]]]:
    """The rows of parameters to which parts of the net give names, by path."""
    for path, part in net.named_modules():
        if isinstance(part, NamesRows):
            for name, parameter, span in part.parameter_rows():
                yield f"{path}.{name}", (parameter, span)


def fill(parameter: Parameter, span: slice, initialise: Initialise, net: Module) -> None:
    """Initialise some rows of a parameter as if they were one of its own, now and at a reset."""
    rows: NDArray = parameter.data[span]
    rows[...] = drawn(lambda generator: initialise(rows.shape, generator), net.generator)
    changes.note((parameter,))
    whole = parameter.init
    if whole is not None:
        parameter.init = partial(draw_rows, whole, span, initialise)


def draw_rows(
    whole: Initialise,
    span: slice,
    initialise: Initialise,
    shape: Shape,
    generator: np.random.Generator,
) -> NDArray:
    """A parameter of which some rows have an initialiser of their own."""
    values = whole(shape, generator)
    values[span] = initialise(values[span].shape, generator)
    return values
