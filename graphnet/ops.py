"""Array operations for ``compute``, on traced arrays and on NumPy arrays alike.

Operators (``+``, ``@``, ``x[1:3]``), methods (``x.sum(0)``, ``x.reshape(2, 3)``) and functions
of NumPy that have a name here (``np.tanh(x)``) work on traced arrays too.

>>> import numpy as np
>>> concatenate([np.ones(2), np.zeros(1)])
array([1., 1., 0.])
>>> where(np.array([True, False]), 1.0, 2.0)
array([1., 2.])
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphnet.graph.tracing.tracing import uniform
from graphnet.ir.primitives.indexing import take
from graphnet.ir.primitives.pointwise import (
    absolute,
    cos,
    exp,
    expm1,
    log,
    log1p,
    maximum,
    minimum,
    sigmoid,
    sign,
    sin,
    sqrt,
    stop_gradient,
    tanh,
    where,
)
from graphnet.ir.primitives.product import matmul
from graphnet.ir.primitives.reduction import log_softmax, logsumexp, softmax
from graphnet.ir.primitives.scan import scan
from graphnet.ir.primitives.shaping import concatenate as _concatenate
from graphnet.ir.primitives.shaping import stack


def concatenate(arrays: Sequence[Any], axis: int = 0) -> Any:
    """The arrays one after the other along an axis."""
    return _concatenate(*arrays, axis=axis)


__all__ = [
    "absolute",
    "concatenate",
    "cos",
    "exp",
    "expm1",
    "log",
    "log1p",
    "log_softmax",
    "logsumexp",
    "matmul",
    "maximum",
    "minimum",
    "scan",
    "sigmoid",
    "sign",
    "sin",
    "softmax",
    "sqrt",
    "stack",
    "stop_gradient",
    "take",
    "tanh",
    "uniform",
    "where",
]
