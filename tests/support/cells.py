"""Cells, their functions and their rows, for tests."""

from __future__ import annotations

import numpy as np

import graphnet as gn


def inputs_of(cell: gn.GModule, x: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """x, and a state of the right size for each further input."""
    sizes = [node.module.size for node in cell.inputs[1:]]
    return [x, *[rng.normal(size=(*x.shape[:-1], size)) for size in sizes]]


LSTM_GATES = ["input_gate", "forget_gate", "candidate", "output_gate"]
