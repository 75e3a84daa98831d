"""Array operations for ``compute``, on traced arrays and on NumPy arrays alike.

Operators (``+``, ``@``, ``x[1:3]``), methods (``x.sum(0)``, ``x.reshape(2, 3)``) and NumPy
functions with a name in this module (``np.tanh(x)``) work on traced arrays too. Shapes broadcast as
in NumPy. All raise ShapeError for shapes that do not fit and DtypeError for dtypes that differ.

>>> import numpy as np
>>> concatenate([np.ones(2), np.zeros(1)])
array([1., 1., 0.])
>>> where(np.array([True, False]), 1.0, 2.0)
array([1., 2.])
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from graphnet.errors import UnknownNameError
from graphnet.graph.tracing.tracing import uniform
from graphnet.ir.core.builder import current_builder
from graphnet.ir.core.missing import OPERATIONS
from graphnet.ir.core.operands import of_arrays
from graphnet.ir.core.types import ArrayType
from graphnet.ir.primitives import pointwise, reduction, shaping
from graphnet.ir.primitives.indexing import checked_lengths, take
from graphnet.ir.primitives.opaque import call as call_numpy
from graphnet.ir.primitives.pointwise import *  # noqa: F403
from graphnet.ir.primitives.product import matmul
from graphnet.ir.primitives.scan import scan
from graphnet.ir.primitives.scan import value_type as type_of
from graphnet.tracebacks import public

log_softmax = of_arrays(reduction.log_softmax)
logsumexp = of_arrays(reduction.logsumexp)
softmax = of_arrays(reduction.softmax)
stack = of_arrays(shaping.stack)


@of_arrays
def broadcast_to(x: Any, shape: Sequence[int]) -> Any:
    """Broadcast an array to a shape, by NumPy's rules: (…, 1, …) to (…, n, …).

    Raises ShapeError if the shapes do not fit.
    """
    return shaping.broadcast(x, shape=tuple(shape))


def cast(x: Any, dtype: Any) -> Any:
    """Convert an array of any shape to another dtype; floating types pass the gradient on."""
    return pointwise.cast(x, dtype=dtype)


@of_arrays
def concatenate(arrays: Sequence[Any], axis: int = 0) -> Any:
    """The concatenation of arrays along an axis: (…, n, …) and (…, m, …) to (…, n + m, …).

    Raises ShapeError if the other axes differ or there is no such axis, DtypeError if the dtypes
    do.
    """
    return shaping.concatenate(*arrays, axis=axis)


def zeros(shape: Sequence[int], dtype: Any = float) -> Any:
    """Zeros of a shape; in ``compute`` they take no memory."""
    if current_builder.get() is None:
        return np.zeros(shape, dtype)
    return shaping.zeros(ArrayType(tuple(shape), np.dtype(dtype)))


__all__ = [
    "broadcast_to",
    "call_numpy",
    "cast",
    "checked_lengths",
    "concatenate",
    "log_softmax",
    "logsumexp",
    "matmul",
    "scan",
    "softmax",
    "stack",
    "take",
    "type_of",
    "uniform",
    "zeros",
]
__all__ += pointwise.__all__


def __dir__() -> list[str]:
    """The public names alone."""
    return __all__


if not TYPE_CHECKING:  # type checkers report missing names

    @public
    def __getattr__(name: str) -> Any:
        """What a name of NumPy or of another library stands for, or an error that tells it."""
        try:
            return OPERATIONS.attribute(sys.modules[__name__], "compute", name)
        except UnknownNameError as error:
            error.problem = f"uses ops.{name}, which there is not"
            raise
