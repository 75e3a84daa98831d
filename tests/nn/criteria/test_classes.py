"""Scores and classes in the wrong order, and one-hot targets, are told as such."""

from __future__ import annotations

import numpy as np
import pytest

from graphnet import nn
from graphnet.errors import DtypeError, ShapeError
from graphnet.graph import Module

CRITERIA = [nn.CrossEntropyCriterion, nn.ClassNLLCriterion, nn.MultiMarginCriterion]
SCORES, CLASSES = np.zeros((4, 3)), np.array([0, 2, 1, 1])


@pytest.mark.parametrize("criterion", CRITERIA)
def test_classes_given_as_scores_are_named(criterion: type[Module]) -> None:
    with pytest.raises(DtypeError, match=r"(?s)received classes, .*order is \[scores, classes\]"):
        criterion().forward([CLASSES, SCORES])


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("dtype", [int, float])
def test_a_one_hot_target_is_told_to_be_one(criterion: type[Module], dtype: type) -> None:
    with pytest.raises(ShapeError, match=r"(?s)expected classes \(4,\).*target\.argmax\(-1\)"):
        criterion().forward([SCORES, np.eye(3, dtype=dtype)[CLASSES]])
