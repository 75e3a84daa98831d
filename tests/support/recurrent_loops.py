"""What ``nn.Recurrent`` stands for: a plain Python loop over a cell, and its gradients by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import graphnet as gn
from graphnet import nn
from tests.support.cells import states_of as states_of

STEPS, BATCH, INPUTS, HIDDEN = 5, 4, 3, 4
LENGTHS = [STEPS, 2, 0, 1]
DISTURBED = {"lstm_cell_recurrent_dropout", "lstm_cell_variational", "lstm_cell_zoneout"}
"""The cells that draw random numbers in training."""


def as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def made(name: str, rng: np.random.Generator) -> gn.GModule:
    """A cell of ``nn.CELLS`` with parameters away from their first values, without randomness."""
    cell = nn.CELLS[name](INPUTS, HIDDEN).train(name not in DISTURBED)
    for parameter in cell.parameters():
        parameter.data += rng.normal(scale=0.3, size=parameter.shape)
    return cell


def padding(lengths: Sequence[int] | None, steps: int = STEPS) -> np.ndarray:
    """True where a row is padding: (steps, batch)."""
    if lengths is None:
        return np.zeros((steps, BATCH), bool)
    return np.arange(steps)[:, None] >= np.array(lengths)[None, :]


def with_nan(xs: np.ndarray, lengths: Sequence[int] | None) -> np.ndarray:
    """The sequences with NaN in the padding, where nothing may read them."""
    found = xs.copy()
    found[padding(lengths, len(xs))] = np.nan
    return found


@dataclass
class Looped:
    """Results of the loop, and gradients for ``seeds``, one for each result.

    ``nodes`` and ``node_gradients`` are (steps, batch, …) by name, ``weights`` the contribution of
    each step to each parameter's gradient; all are zero in padding.
    """

    results: list[np.ndarray]
    by_input: list[np.ndarray]
    nodes: dict[str, np.ndarray] = field(default_factory=dict)
    node_gradients: dict[str, np.ndarray] = field(default_factory=dict)
    weights: dict[str, np.ndarray] = field(default_factory=dict)

    def put(self, kept: dict[str, np.ndarray], name: str, value: Any, t: int, row: int) -> None:
        steps, batch = self.by_input[0].shape[:2]
        shape = (steps, batch, *np.shape(value)[1:])
        kept.setdefault(name, np.zeros(shape))[t, row] = value[0]


def looped(
    cell: gn.Module,
    xs: np.ndarray,
    states: Sequence[np.ndarray],
    seeds: Sequence[np.ndarray],
    *,
    lengths: Sequence[int] | None = None,
    reverse: bool = False,
) -> Looped:
    """Each row of the batch by itself, as many steps as it has; gradients step by step back."""
    parameters = dict(cell.named_parameters())
    results = [np.zeros(seeds[0].shape), *[state.copy() for state in states]]
    found = Looped(results, [np.zeros(xs.shape), *[np.zeros(s.shape) for s in states]])
    found.weights = {name: np.zeros((len(xs), *p.shape)) for name, p in parameters.items()}
    for row in range(xs.shape[1]):
        steps = list(range(len(xs) if lengths is None else lengths[row]))
        carry = [state[row : row + 1] for state in states]
        runs = {}
        for t in reversed(steps) if reverse else steps:
            runs[t] = cell.run([xs[t, row : row + 1], *carry])
            shown = as_list(runs[t].outputs)
            carry = shown[: len(states)]
            found.results[0][t, row] = shown[-1][0]
            for name in runs[t].names:
                found.put(found.nodes, name, runs[t][name], t, row)
        flowing = [seed[row : row + 1].copy() for seed in seeds[1:]]
        for t in steps if reverse else reversed(steps):
            before = {name: p.grad.copy() for name, p in parameters.items()}
            outputs = as_list(runs[t].outputs)
            back = [*flowing, *[np.zeros(y.shape) for y in outputs[len(states) :]]]
            back[-1] = back[-1] + seeds[0][t, row : row + 1]
            to_x, *flowing = runs[t].backward(back if len(back) > 1 else back[0])
            found.by_input[0][t, row] = to_x[0]
            for name in runs[t].names:
                found.put(found.node_gradients, name, runs[t].grad[name], t, row)
            for name, parameter in parameters.items():
                found.weights[name][t] += parameter.grad - before[name]
        for index, state in enumerate(carry):
            found.results[1 + index][row] = state[0]
            found.by_input[1 + index][row] = flowing[index][0]
    cell.zero_grad()
    return found
