"""Torch's constructor arguments as cases give them: all of them, nil among them, methods after it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from graphnet import nn
from tests.golden_support.build import Graph, Skip
from tests.golden_support.recurrent import build, refuse_drawn_masks

Spec = Mapping[str, Any]
TANH = {"type": "Tanh", "args": []}


def built(kind: str, *args: Any, **more: Any) -> Any:
    """The module of one node, as the cases of ``modules`` have it."""
    spec = {"type": kind, "args": list(args), **more}
    nodes = [{"id": 1, "module": {"type": "Identity", "args": []}, "parents": []}]
    nodes.append({"id": 2, "module": spec, "parents": [1]})
    return Graph({"nodes": nodes, "inputs": [1], "outputs": [2]}).nodes[2].module


MODULES: list[tuple[str, list[Any], str]] = [
    ("Add", [4, True], "Add(4, scalar=True)"),
    ("AddConstant", [2, True], "AddConstant(2)"),
    ("ArgMax", [2, 1, False], "ArgMax(axis=1, input_dims=1, as_long=False)"),
    ("Bilinear", [2, 3, 4, False], "Bilinear(2, 3, 4, bias=None)"),
    ("CAddTable", [True], "CAddTable()"),
    ("CMul", [[2, 3]], "CMul((2, 3))"),
    ("CReLU", [1, True], "CReLU()"),
    ("Clip", [-1, 1], "Clamp(-1, 1)"),
    ("Constant", [2.5, 1], "Constant(array(1,), input_dims=1)"),
    ("Dropout", [0.3, True], "Dropout(p=0.3, v1=True)"),
    ("Dropout", [None, False, True, True], "Dropout(stochastic_inference=True)"),
    ("ELU", [None, True], "ELU()"),
    ("GatedLinearUnit", [1], "GatedLinearUnit(axis=0)"),
    ("HardTanh", [-2, 2, True], "HardTanh(min_value=-2, max_value=2)"),
    ("Identity", [3], "Identity()"),
    ("JoinTable", [-1, 2], "JoinTable(-1, input_dims=2)"),
    ("L1Penalty", [0.1, None, False], "L1Penalty(0.1, provide_output=False)"),
    ("LeakyReLU", [None, True], "LeakyReLU()"),
    ("LinearNoBias", [2, 3], "Linear(2, 3, bias=None)"),
    ("LookupTable", [5, 3, 0], "LookupTable(5, 3)"),
    ("LookupTable", [5, 3, 2, 1.5, 1], "LookupTable(5, 3, padding_idx=1, max_norm=1.5, norm_type=1)"),
    ("LookupTable", [5, 3, None, 1.5], "LookupTable(5, 3, max_norm=1.5)"),
    ("MM", [None, True], "MM(transpose_b=True)"),
    ("Max", [2, -1], "Max(axis=1)"),
    ("Maxout", [4, 2, 3], "Maxout(4, 2, 3)"),
    ("Mean", [None, 2], "Mean(input_dims=2)"),
    ("MixtureTable", [3], "MixtureTable(axis=2)"),
    ("Narrow", [1, -2, -1], "Narrow(0, -2, length=-1)"),
    ("Normalize", ["inf"], "Normalize(p=inf)"),
    ("Padding", [1, -2, None, 7, 2], "Padding(0, -2, value=7, index=1)"),
    ("PartialLinear", [4, 3, False], "PartialLinear(4, 3, bias=None)"),
    ("RReLU", [0.1, 0.2, True], "RReLU(lower=0.1, upper=0.2)"),
    ("Replicate", [3, 2, 1], "Replicate(3, axis=1, input_dims=1)"),
    ("Reshape", [2, 3, True], "Reshape((2, 3), batch_mode=True)"),
    ("SeqReverseSequence", [2], "SeqReverseSequence(axis=1)"),
    ("SoftPlus", [None], "SoftPlus()"),
    ("Squeeze", [2, 3], "Squeeze(axis=1, input_dims=3)"),
    ("Sum", [2, None, True, False], "Sum(axis=1, size_average=True, squeeze=False)"),
    ("Threshold", [0.1, None, True], "Threshold(threshold=0.1)"),
    ("Transpose", [[1, 3], [2, 3]], "Transpose(((0, 2), (1, 2)))"),
    ("Unsqueeze", [1, 2], "Unsqueeze(0, input_dims=2)"),
    ("View", [[2, -1]], "View((2, -1))"),
    ("WhiteNoise", [0.1, 0.2], "WhiteNoise(mean=0.1, std=0.2)"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "args", "expected"), MODULES)
def test_arguments_of_torch(kind: str, args: list[Any], expected: str) -> None:
    assert built(kind, *args).description() == expected


def test_modules_among_the_arguments() -> None:
    assert built("MapTable", True, children=[TANH]).module.description() == "Tanh()"
    bottle = built("Bottle", 3, None, children=[TANH])
    assert (bottle.input_dims, bottle.output_dims) == (3, None)
    assert built("Concat", 2, children=[TANH, TANH]).axis == 1
    assert built("Parallel", 1, 2, children=[TANH]).output_axis == 1


SETTINGS: list[tuple[str, list[Any], list[Any], str, Any]] = [
    ("View", [6], ["setNumInputDims", [2]], "input_dims", 2),
    ("GradientReversal", [], ["setLambda", [0.3]], "strength", 0.3),
    ("Dropout", [], ["setp", [0.2]], "p", 0.2),
    ("LookupTable", [5, 3], ["setPadding", [2]], "padding_idx", 1),
    ("LookupTable", [5, 3], ["setMaxNorm", [2.0]], "max_norm", 2.0),
    ("Dropout", [], ["evaluate", None], "is_training", False),
]


@pytest.mark.parametrize(("kind", "args", "call", "setting", "value"), SETTINGS)
def test_methods_after_construction(
    kind: str, args: list[Any], call: list[Any], setting: str, value: Any
) -> None:
    assert getattr(built(kind, *args, calls=[call]), setting) == value


def test_an_unknown_method_is_skipped() -> None:
    with pytest.raises(Skip, match="the method setColour of Tanh"):
        built("Tanh", calls=[["setColour", [1]]])


def rnn(kind: str, *args: Any, **more: Any) -> Spec:
    return {"type": kind, "args": list(args), **more}


GRU_WITH_DROPOUT = rnn("GRU", 4, 3, None, 0.25)
GRAPH = {
    "nodes": [
        {"id": 1, "module": rnn("Identity"), "parents": []},
        {"id": 2, "module": rnn("Linear", 4, 3), "parents": [1]},
        {"id": 3, "module": rnn("Sequential", children=[rnn("Linear", 3, 2)]), "parents": [2]},
    ],
    "inputs": [1],
    "outputs": [3],
}
PATHS: list[tuple[Spec, list[str]]] = [
    (rnn("SeqLSTMP", 4, 3, 2), ["weight", "bias", "weightO"]),
    (rnn("Recurrence", 4, 1, children=[rnn("CAddTable")]), []),
    (rnn("BiSequencerLM", children=[rnn("Linear", 4, 3)]),
     ["forward.weight", "forward.bias", "backward.weight", "backward.bias"]),
    (rnn("Sequencer", children=[rnn("gModule", graph=GRAPH)]),
     ["module.module.nodes[2].weight", "module.module.nodes[2].bias",
      "module.module.nodes[3].modules[1].weight", "module.module.nodes[3].modules[1].bias"]),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "paths"), PATHS)
def test_parameters_of_the_package_rnn(spec: Spec, paths: list[str]) -> None:
    assert [slot.path for slot in build(spec).slots] == paths


@pytest.mark.parametrize(
    ("spec", "count"),
    [(GRU_WITH_DROPOUT, 9), (rnn("FastLSTM", 4, 3, None, None, None, None, 0.2), 12)],
)
def test_dropout_inside_a_step_is_nothing_in_evaluation(spec: Spec, count: int) -> None:
    with pytest.raises(Skip, match="masks that Torch drew"):
        refuse_drawn_masks(rnn("Sequencer", children=[spec]))
    refuse_drawn_masks(rnn("Sequencer", children=[spec], training=False))
    assert len(build(spec).slots) == count


def test_a_projection_is_filled_transposed() -> None:
    found = build(rnn("SeqLSTMP", 4, 3, 2))
    values = np.arange(6.0).reshape(3, 2)
    found.slots[2].fill(values)
    assert isinstance(found.module, nn.SequenceOutputs)
    projection = found.module.recurrent.cell["projection"].module.weight
    np.testing.assert_array_equal(projection.data, values.T)
