"""Central finite differences, the oracle of every gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

STEP = 1e-5


def numeric_gradient(
    function: Callable[[], float], array: np.ndarray, step: float = STEP
) -> np.ndarray:
    """d function() / d array, where the function reads the array; fourth order in the step."""
    gradient = np.zeros_like(array)
    for index in np.ndindex(array.shape):
        kept = array[index]
        values = []
        for multiple in (-2, -1, 1, 2):
            array[index] = kept + multiple * step
            values.append(function())
        array[index] = kept
        gradient[index] = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step)
    return gradient


def relative_error(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference, relative to the largest entry (or to 1e-2, where all are zero:
    a difference quotient of numbers near 1 carries rounding of about 1e-12)."""
    assert np.shape(found) == np.shape(expected)
    scale = max(float(np.abs(expected).max(initial=0)), 1e-2)
    return float(np.abs(np.asarray(found) - expected).max(initial=0)) / scale


def weighted_sum(outputs: Sequence[np.ndarray], weights: Sequence[np.ndarray]) -> float:
    """A scalar of several arrays, whose gradient by each array is its weight."""
    return float(sum((o * w).sum() for o, w in zip(outputs, weights, strict=True)))


def close(found: Any, expected: Any, what: str = "") -> None:
    """To 1e-12; the rows of a batch are summed in another order than row by row."""
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12, err_msg=what)
