"""Each constructor argument of Element-Research's classes and functions."""

from __future__ import annotations

import numpy as np

from graphnet import nn
from tests.nn.argument_case import RNG, SEQUENCE, WORDS, Case, X, sizes

CASES: dict[str, Case] = {
    "LookupTableMaskZero": Case(
        nn.LookupTableMaskZero, WORDS, (("nIndex", "count", 4), ("nOutput", "size", 3))
    ),
    "MaskZero": Case(
        nn.MaskZero,
        np.eye(3)[:, :, None] * np.ones(2),
        (("module", "module", nn.Linear(2, 2)),),
        (("nInputDim", "input_dims", 2),),
    ),
    "NCECriterion": Case(
        nn.NCECriterion,
        [[X[:, 0] ** 2, X**2, X[:, 0] ** 2, X**2], np.zeros(3, int)],
        optional=(("sizeAverage", "size_average", False),),
    ),
    "NCEModule": Case(
        nn.NCEModule,
        [X, np.array([0, 1, 2])],
        (
            *sizes()[:1],
            ("outputSize", "out_features", 3),
            ("k", "k", 2),
            ("unigrams", "unigrams", [1.0, 2.0, 3.0]),
        ),
        (("Z", "z", 2.0), ("normalized", "normalized", True), ("logsoftmax", "logsoftmax", True)),
        evaluation=True,
    ),
    "Repeater": Case(nn.Repeater, X, (("module", "module", nn.Tanh()), ("rho", "steps", 3))),
    "Sequencer": Case(
        nn.Sequencer,
        SEQUENCE,
        (("module", "module", nn.Recursor(nn.rnn_cell(3, 2))),),
        (("reverse", "reverse", True),),
    ),
    "BiSequencer": Case(
        nn.BiSequencer,
        SEQUENCE,
        (("fwd", "forward", nn.Recursor(nn.rnn_cell(3, 2))),),
        (
            ("bwd", "backward", nn.Recursor(nn.rnn_cell(3, 2))),
            ("merge", "merge", nn.CAddTable()),
        ),
    ),
    "BiSequencerLM": Case(
        nn.BiSequencerLM,
        SEQUENCE,
        (("fwd", "forward", nn.Recursor(nn.rnn_cell(3, 2))),),
        (
            ("bwd", "backward", nn.Recursor(nn.rnn_cell(3, 2))),
            ("merge", "merge", nn.CAddTable()),
        ),
    ),
    "FastLSTM": Case(
        nn.FastLSTM,
        np.zeros((2, 4)),
        sizes("input_size", "hidden_size"),
        (("maskZero", "mask_zero", True),),
    ),
    "Recurrence": Case(
        nn.Recurrence,
        X,
        (
            ("recurrentModule", "module", nn.CAddTable()),
            ("outputSize", "output_size", 4),
            ("nInputDim", "input_dims", 1),
        ),
    ),
    "SeqBRNN": Case(
        nn.SeqBRNN,
        RNG.normal(size=(3, 3, 4)),
        (("inputDim", "input_size", 4), ("hiddenDim", "hidden_size", 2)),
        (("batchFirst", "batch_first", True), ("merge", "merge", nn.CMulTable())),
    ),
    "SeqGRU": Case(
        nn.SeqGRU,
        np.zeros((3, 5, 4)),
        (("inputsize", "input_size", 4), ("outputsize", "hidden_size", 2)),
        (("batchfirst", "batch_first", True), ("maskzero", "mask_zero", True)),
    ),
    "SeqLSTM": Case(
        nn.SeqLSTM,
        np.zeros((3, 5, 4)),
        (("inputsize", "input_size", 4), ("hiddensize", "hidden_size", 2)),
        (("batchfirst", "batch_first", True), ("maskzero", "mask_zero", True)),
    ),
    "SeqLSTMP": Case(
        nn.SeqLSTMP,
        np.zeros((3, 5, 4)),
        (
            ("inputsize", "input_size", 4),
            ("hiddensize", "hidden_size", 3),
            ("outputsize", "output_size", 2),
        ),
        (("batchfirst", "batch_first", True), ("maskzero", "mask_zero", True)),
    ),
}
