"""Cells, their functions and their rows, for tests."""

from __future__ import annotations

import numpy as np

import graphnet as gn


def inputs_of(cell: gn.GModule, x: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """x, and a state of the right size for each further input."""
    return [x, *states_of(cell, rng, *x.shape[:-1])]


def states_of(cell: gn.GModule, rng: np.random.Generator, *batch: int) -> list[np.ndarray]:
    """A state of the right size for each input after x; of a normaliser, a positive one."""
    states = []
    for node in cell.inputs[1:]:
        value = rng.normal(size=(*batch, node.module.size))
        states.append(0.5 + abs(value) if cell.name_of(node) == "prev_n" else value)
    return states


LSTM_GATES = ["input_gate", "forget_gate", "candidate", "output_gate"]
