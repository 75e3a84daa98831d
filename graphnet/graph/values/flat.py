"""Flat storage: the values of many parameters in one vector, their gradients in another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphnet.errors import GraphError
from graphnet.graph.values.parameter import Flat, FlatView, Parameter


def flat_vectors(parameters: Sequence[Parameter], owner: str) -> Flat:
    """All values as one vector, all gradients as another; raises GraphError for several dtypes."""
    flats = flatten(parameters)
    if len(flats) != 1:
        found = " and ".join(sorted({str(p.dtype) for p in parameters}))
        raise GraphError(
            f"has {found or 'no'} parameters, expected parameters of one dtype",
            "Convert with net.float() or net.double()." if found else "There is nothing to train.",
            owner,
        )
    return flats[0]


def flatten(parameters: Sequence[Parameter]) -> list[Flat]:
    """One pair of vectors for each dtype, of which the parameters are views from now on.

    Parameters that are contiguous in this order already are not moved.
    """
    by_dtype: dict[np.dtype[Any], list[Parameter]] = {}
    for parameter in parameters:
        by_dtype.setdefault(parameter.dtype, []).append(parameter)
    return [contiguous(group) or gather(group) for group in by_dtype.values()]


def contiguous(parameters: Sequence[Parameter]) -> Flat | None:
    first = parameters[0]._flat
    if first is None:
        return None
    position = first.start
    for parameter in parameters:
        view = parameter._flat
        if view is None or view.flat is not first.flat or view.start != position:
            return None
        position += parameter.size
    if position - first.start == first.flat.data.size:
        return first.flat
    span = slice(first.start, position)
    return Flat(first.flat.data[span], first.flat.grad[span])


def gather(parameters: Sequence[Parameter]) -> Flat:
    flat = Flat(
        np.concatenate([p.data.reshape(-1) for p in parameters]),
        np.concatenate([p.grad.reshape(-1) for p in parameters]),
    )
    start = 0
    for parameter in parameters:
        span = slice(start, start + parameter.size)
        parameter._flat = None  # not a view until all are set: Ctrl-C may strike in between
        parameter._data = flat.data[span].reshape(parameter.shape)
        parameter._grad = flat.grad[span].reshape(parameter.shape)
        parameter._flat = FlatView(flat, start)
        start = span.stop
    return flat
