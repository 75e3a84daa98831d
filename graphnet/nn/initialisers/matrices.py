"""Initial weights that are chosen as whole matrices: orthogonal, identity, sparse."""

from __future__ import annotations

from math import ceil

import numpy as np

from graphnet.errors import ShapeError
from graphnet.graph.values.parameter import Initialise
from graphnet.ir.core.types import NDArray, Shape


def orthogonal(gain: float = 1.0) -> Initialise:
    """Orthonormal rows, or columns where there are fewer, times ``gain`` (Saxe et al. 2014).

    For a weight (out, in), or (out, in, …) as a matrix (out, in · …). Raises ShapeError for fewer
    axes.
    """

    def draw(shape: Shape, generator: np.random.Generator) -> NDArray:
        require_matrix(shape, "orthogonal")
        rows = shape[0]
        drawn = generator.normal(size=(rows, int(np.prod(shape[1:]))))
        is_wide = rows < drawn.shape[1]
        q, r = np.linalg.qr(drawn.T if is_wide else drawn)
        q = q * np.where(np.diag(r) < 0, -1.0, 1.0)  # so that all are equally likely
        values: NDArray = gain * (q.T if is_wide else q).reshape(shape)
        return values

    return draw


def identity(gain: float = 1.0) -> Initialise:
    """``gain`` on the diagonal, zeros elsewhere, for a weight (out, in) (Le et al. 2015).

    Raises ShapeError for another number of axes.
    """

    def draw(shape: Shape, generator: np.random.Generator) -> NDArray:
        if len(shape) != 2:
            raise ShapeError(f"A parameter {shape} is no matrix, expected a weight (out, in)")
        return gain * np.eye(*shape)

    return draw


def sparse(sparsity: float, deviation: float = 0.01) -> Initialise:
    """Normal with this deviation, but for a share of zeros in each column (Martens 2010).

    For a weight (out, in): of the ``out`` entries of a column, ``sparsity · out``, rounded up, are
    zero. Raises ValueError for a share outside [0, 1], ShapeError for another number of axes.
    """
    if not 0 <= sparsity <= 1:
        raise ValueError(f"sparsity is {sparsity}, expected a number from 0 to 1")

    def draw(shape: Shape, generator: np.random.Generator) -> NDArray:
        if len(shape) != 2:
            raise ShapeError(f"A parameter {shape} is no matrix, expected a weight (out, in)")
        values = generator.normal(0.0, deviation, shape)
        ranks = generator.random(shape).argsort(0)
        np.put_along_axis(values, ranks[: ceil(sparsity * shape[0])], 0.0, 0)
        return values

    return draw


def require_matrix(shape: Shape, name: str) -> None:
    if len(shape) < 2:
        raise ShapeError(
            f"A parameter {shape} cannot be {name}, expected a weight (out, in) or (out, in, …)",
            "Name the weights alone, '*.weight'.",
        )
