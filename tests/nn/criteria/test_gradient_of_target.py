"""The gradient of a criterion flows into a floating target, unlike nngraph's: docs/torch.md says so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from tests.support.paths import ROOT

OUTPUT, TARGET = np.array([1.0, 2.0]), np.array([0.0, 4.0])


def test_a_criterion_as_a_node_has_gradients_of_both() -> None:
    output, target = gn.input(), gn.input()
    net = gn.GModule([output, target], [nn.MSECriterion()([output, target])])
    net.forward(OUTPUT, TARGET)
    of_output, of_target = net.backward([OUTPUT, TARGET])
    np.testing.assert_array_equal(of_output, OUTPUT - TARGET)
    np.testing.assert_array_equal(of_target, TARGET - OUTPUT)


def test_wrapped_as_in_nngraph_the_target_has_none() -> None:
    wrapped = nn.ModuleFromCriterion(nn.MSECriterion())
    wrapped.forward(OUTPUT, TARGET)
    of_output, of_target = wrapped.backward([OUTPUT, TARGET], np.ones(1))
    np.testing.assert_array_equal(of_output, OUTPUT - TARGET)
    np.testing.assert_array_equal(of_target, [0, 0])


def test_classes_have_none() -> None:
    criterion: Any = nn.ClassNLLCriterion()
    pair = [np.log([[0.25, 0.75]]), np.array([1])]
    criterion.forward(pair)
    assert criterion.backward(pair)[1] is None


@pytest.mark.parametrize(
    "difference",
    [
        "A gradient flows into the target of a criterion",
        "`SoftMax`, `LogSoftMax` and `SoftMin` work on the last axis",
        "A `Recursor` outside of a `Sequencer` starts from zeros at each call",
        "Parameters start from the same distributions, not from the same numbers",
        "Gradients are zero at first",
    ],
)
def test_the_page_for_users_of_torch_tells_what_gives_other_numbers(difference: str) -> None:
    page = (ROOT / "docs" / "torch.md").read_text(encoding="utf-8")
    assert f"**{difference}" in page.partition("## What gives other numbers")[2]
