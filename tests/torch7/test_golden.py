"""The reference cases of Torch7 nngraph in tests/golden, and in the folders of GRAPHNET_GOLDEN."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from graphnet import nn
from graphnet.graph import Module
from tests.golden_support.build import Skip
from tests.golden_support.cases import Case, cases, run_case
from tests.golden_support.torch7 import CRITERIA, MODULES
from tests.module_rows import ROWS
from tests.support.paths import GOLDEN

FOLDERS = [
    GOLDEN,
    *map(Path, filter(None, os.environ.get("GRAPHNET_GOLDEN", "").split(os.pathsep))),
]
CASES = [
    pytest.param(case, id=f"{folder.name}-{case.name}")
    for folder in FOLDERS
    for case in cases(folder)
]


@pytest.mark.parametrize("case", CASES)
def test_case(case: Case) -> None:
    try:
        differences = run_case(case)
    except Skip as reason:
        pytest.skip(str(reason))
    assert not differences


def named(name: str) -> Case:
    return next(case for case in cases(GOLDEN) if case.name == name)


@pytest.mark.parametrize("key", ["output", "grad_input", "grad_params"])
def test_a_wrong_number_is_noticed(key: str) -> None:
    case = named("nest")
    stored = case.record["steps"][0][key]
    array = case.arrays[stored[0] if isinstance(stored, list) else stored]
    array += 1e-8 * np.abs(array).max()
    assert any("relative error" in difference for difference in run_case(case))


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("GRU_remember", "s1_out_1"),
        ("GRU_remember", "s1_gi_1"),
        ("GRU_remember", "s1_g5"),
        ("adam", "x"),
        ("charlstm_l2_h16", "grad_norms"),
        ("charlstm_l2_h16", "final_state_4"),
    ],
)
def test_a_wrong_number_of_a_sequence_or_a_training_is_noticed(name: str, key: str) -> None:
    case = named(name)
    case.arrays[key] += 1e-7 * np.abs(case.arrays[key]).max()
    assert any("relative error" in difference for difference in run_case(case))


def test_a_wrong_order_of_parameters_is_noticed() -> None:
    case = named("nest")
    for entry in ("params", "param_owner"):
        case.record[entry].reverse()
    for step in case.record["steps"]:
        step["grad_params"].reverse()
    assert ["another order" in difference for difference in run_case(case)] == [True]


def test_parts_of_a_gradient_and_its_scale() -> None:
    case = named("blog_vector")
    step = case.record["steps"][0]
    whole = case.arrays[step["grad_params"][0]]
    case.arrays.update(  # the gradient as rows and sums, as accGradParameters(…, 2) leaves it
        rows=np.array([2, 1]),
        values=2 * whole[[1, 0]],
        row_sums=2 * whole.sum(1),
        column_sums=2 * whole.sum(0),
    )
    case.arrays[step["grad_params"][1]] *= 2
    step["grad_params"][0] = {name: name for name in ("rows", "values", "row_sums", "column_sums")}
    step["scale"] = 2
    assert not run_case(case)
    case.arrays["column_sums"][0] += 1
    assert len(run_case(case)) == 1


WITHOUT_TORCH = {
    "Function": "a user's own",
    "LayerNorm": "younger than Torch's nn",
    "LayerPart": "names the gates of a merged product",
    "Recurrent": "takes a graph of any shape",
    "Bidirectional": "takes two graphs of any shape",
    "GRU": "PyTorch's",
    "LSTM": "PyTorch's",
    "RNN": "PyTorch's",
    "LayerStates": "PyTorch's packed states",
    "MaskZero": "of the package rnn, whose cases have a runner of their own",
    "NCEModule": "of the package dpnn; its noise is drawn",
    "Recursor": "of the package rnn, whose cases have a runner of their own",
    "Repeater": "of the package rnn, whose cases have a runner of their own",
    "SequenceOutputs": "of the package rnn, as SeqLSTM and SeqGRU",
    "Sequencer": "of the package rnn, whose cases have a runner of their own",
    "StackTable": "a new axis, where Torch joins reshaped arrays",
    "ZeroPadding": "lengths are not Torch's",
    "State": "an input of a cell",
    "Zoneout": "younger than Torch's nn",
}
"""Classes of nn that have no counterpart in Torch's nn, and why; their rows may say it instead."""


def test_every_class_has_a_row() -> None:
    abstract = {"Container", "Criterion"}
    names = {
        name
        for name in nn.__all__
        if isinstance(kind := getattr(nn, name), type) and issubclass(kind, Module)
    }
    rows = {name.removeprefix("nngraph.") for name in (*MODULES, *CRITERIA)}
    told = {name for name, found in ROWS.items() if any(row.without_torch for row in found)}
    assert names - rows == abstract | set(WITHOUT_TORCH) | told
