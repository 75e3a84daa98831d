"""What a criterion of probabilities says of other numbers, and of a pair in the wrong order."""

from __future__ import annotations

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import NumericsError

OUTPUT = np.array([[0.2, 0.9], [0.5, 0.4]])
TARGET = np.array([[0.0, 1.0], [1.0, 0.0]])


def test_a_pair_in_the_wrong_order_is_told() -> None:
    criterion = nn.BCECriterion()
    expected = (
        "^BCECriterion receives an input of 0 and 1 alone.* swapped\\? criterion\\(output, targ"
    )
    for call in (criterion, criterion.forward):
        with pytest.warns(UserWarning, match=expected) as told:
            call(TARGET, OUTPUT)
        assert told[0].filename == __file__


def test_the_right_order_is_silent() -> None:
    criterion = nn.BCECriterion()
    assert criterion(OUTPUT, TARGET) == pytest.approx(-np.log([0.8, 0.9, 0.5, 0.6]).mean())
    assert criterion(TARGET, TARGET) < 1e-9
    assert criterion(OUTPUT, OUTPUT) > 0
    assert criterion(np.array(0.5), np.array(1.0)) == pytest.approx(np.log(2))
    assert criterion.forward([OUTPUT, np.array(1.0)]) > 0
    assert np.isnan(criterion(np.full(2, np.nan), np.ones(2)))


@pytest.mark.parametrize("value", [1.5, -0.25])
def test_what_is_no_probability_is_named(value: float) -> None:
    output = OUTPUT.copy()
    output[0, 1] = value
    expected = rf"^BCECriterion receives an input of {value}, expected prob.*\n.*nn\.Sigmoid\(\)"
    with np.errstate(invalid="ignore"), pytest.raises(NumericsError, match=expected):
        nn.BCECriterion()(output, TARGET)


def test_the_gradient_follows_as_before() -> None:
    criterion = nn.BCECriterion()
    criterion.forward(OUTPUT, TARGET)
    expected = (OUTPUT - TARGET) / (OUTPUT * (1 - OUTPUT)) / 4
    np.testing.assert_allclose(criterion.backward(OUTPUT, TARGET), expected)
    x, target = gn.input(), gn.input()
    net = gn.GModule([x, target], [nn.BCECriterion()([nn.Sigmoid()(x), target])])
    assert net.forward(OUTPUT, TARGET) > 0
