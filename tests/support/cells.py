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


OF_EACH_KIND = [
    *["rnn_cell", "rnn_cell_relu", "lstm_cell", "lstm_cell_1997", "lstm_cell_coupled"],
    *["lstm_cell_layernorm", "lstm_cell_merged", "lstm_cell_peephole"],
    *["lstm_cell_peephole_element_research", "lstm_cell_projected"],
    *["lstm_cell_recurrent_dropout", "lstm_cell_variational", "lstm_cell_zoneout"],
    *["gru_cell", "gru_cell_before", "gru_cell_element_research", "minimal_gated_cell"],
    *["mlstm_cell", "qrnn_cell", "sru_cell"],
    "fastgrnn_cell",  # learned numbers
    "taugru_cell_delayed",  # slices and joined states
    "unicornn_cell",  # a module applied twice
    "lru_cell",  # complex numbers
    "clockwork_rnn_cell",  # a state that counts, a product with a matrix that is computed
    "xlstm_matrix_cell",  # states of several sizes, sums within a step
    "xlstm_scalar_cell",  # five inputs, exponentials
]
"""What differs for the engine, for the tests of every option; the others are wired of the same."""

LSTM_GATES = ["input_gate", "forget_gate", "candidate", "output_gate"]
