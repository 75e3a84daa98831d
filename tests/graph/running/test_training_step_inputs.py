"""What training steps are given: layouts, whole numbers, optional inputs, and errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import DtypeError, GraphError, IndexRangeError, ShapeError
from tests.support.training_steps import T, X, assert_close, characters, gradients, one_by_one

pytestmark = pytest.mark.filterwarnings("ignore:llvmlite is not installed")


def test_inputs_of_any_layout() -> None:
    net, criterion = nn.Linear(6, 4), nn.MSECriterion()
    rng = np.random.default_rng(1)
    step = gn.compile_step(net, criterion)
    x, target = rng.normal(size=(10, 12)), rng.normal(size=(4, 5))
    loss = step(x[::2, ::-2], target.T)
    assert loss == pytest.approx(one_by_one(net, criterion, x[::2, ::-2], target.T)[0], rel=1e-13)
    swapped = x[:5, :6].astype(">f8")
    expected = one_by_one(net, criterion, swapped, target.T)[0]
    assert step(swapped, target.T) == pytest.approx(expected, rel=1e-13)
    read_only = x[:5, :6].copy()
    read_only.flags.writeable = False
    assert step(read_only, target.T) == pytest.approx(expected, rel=1e-13)


@pytest.mark.filterwarnings("ignore:.*no compiled kernel for .* of uint8")
@pytest.mark.parametrize("kind", [np.int8, np.int32, np.int64, np.uint8])
def test_whole_numbers_of_any_size(kind: Any) -> None:
    net, criterion, data = characters()
    inputs, target = data(np.random.default_rng(1))
    expected = one_by_one(net, criterion, inputs, target)[0]
    found = gn.compile_step(net, criterion)(inputs.astype(kind), target)
    assert found == pytest.approx(expected, rel=1e-13)


def test_floats_take_the_dtype_of_the_net() -> None:
    net, criterion = nn.Linear(3, 2).float(), nn.MSECriterion()
    x, target = np.random.default_rng(1).normal(size=(2, 4, 3))
    result = gn.compile_step(net, criterion).run(x, target[:, :2])
    assert result.outputs.dtype == np.float32
    assert result.loss == pytest.approx(one_by_one(net, criterion, x, target[:, :2])[0], rel=1e-6)


def test_a_scalar_input_and_a_number_as_target() -> None:
    net, criterion = nn.Square(), nn.MSECriterion()
    assert gn.compile_step(net, criterion)(np.float64(3.0), 4) == pytest.approx(25.0)


def test_optional_inputs_may_be_left_out() -> None:
    xs, lengths = gn.input(), gn.input()
    net = gn.GModule(
        [xs, lengths], nn.SelectTable(0)(nn.Recurrent(nn.gru_cell(3, 4))(xs, lengths=lengths))
    )
    bare = nn.Sequential(nn.Recurrent(net.nodes[-2].module.cell), nn.SelectTable(0))
    x = np.random.default_rng(1).normal(size=(5, 2, 3))
    target = np.zeros((5, 2, 4))
    for module, inputs in ((net, [x, np.array([5, 3])]), (bare, x)):
        step = gn.compile_step(module, nn.MSECriterion())
        expected = one_by_one(module, nn.MSECriterion(), inputs, target)[0]
        assert step(inputs, target) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("inputs", "target"),
    [
        (np.ones((2, 5)), np.ones((2, 2))),
        (np.ones((2, 3)), np.ones((3, 2))),
        ([np.ones((2, 3))] * 2, np.ones((2, 2))),
        (None, np.ones((2, 2))),
        ("text", np.ones((2, 2))),
        (np.array(["a"]), np.ones((2, 2))),
        (np.ones((2, 3)), None),
        (np.ones((2, 3)), np.array(["a"])),
        (np.ones((2, 3), int), np.ones((2, 2))),
        (np.ones((2, 3)), [[1.0, 2.0], [3.0, 4.0]]),
    ],
)
def test_errors_are_those_of_the_runs(inputs: Any, target: Any) -> None:
    x = gn.input("x")
    graph = gn.GModule([x], [nn.Linear(4, 2)(nn.Tanh()(nn.Linear(3, 4)(x)))])
    for net in (graph, nn.Linear(3, 2), nn.Sequential(nn.Linear(3, 2), nn.Tanh())):
        with pytest.raises(
            (ShapeError, DtypeError, GraphError), match=r"expect|multiplies|compares"
        ) as one:
            one_by_one(net, nn.MSECriterion(), inputs, target)
        step = gn.compile_step(net, nn.MSECriterion())
        with pytest.raises(type(one.value), match=r"expect|multiplies|compares") as other:
            step(inputs, target)
        assert str(other.value) == str(one.value)


def test_an_index_out_of_range_is_named() -> None:
    net, criterion, data = characters()
    inputs, target = data(np.random.default_rng(1))
    step = gn.compile_step(net, criterion)
    loss = step(inputs, target)
    before = gradients(net)
    with pytest.raises(IndexRangeError, match="LookupTable '0' received index 7, expected 0 to 6"):
        step(np.where(inputs == inputs[0, 0], 7, inputs), target)
    with pytest.raises(IndexRangeError, match="CrossEntropyCriterion received index 9"):
        step(inputs, np.full_like(target, 9))
    assert_close(gradients(net), before, np.float64)
    assert step(inputs, target) == loss


def test_a_criterion_that_gives_no_number() -> None:
    class Losses(nn.Criterion):
        def loss(self, input: Any, target: Any) -> Any:
            return (input - target).sum(axis=1)

    step = gn.compile_step(nn.Linear(3, 2), Losses())
    with pytest.raises(GraphError, match=r"^Losses gives \(4,\), expected one number\n.*average"):
        step(np.ones((4, 3)), np.ones((4, 2)))


class NotOneOfOurs:
    """A class that is no module."""


MISUSES: list[tuple[Any, str]] = [
    (lambda net: gn.compile_step(net, nn.MSECriterion), "received MSECriterion as its criterion"),
    (lambda net: gn.compile_step(NotOneOfOurs(), nn.MSECriterion()), "NotOneOfOurs as its net"),
    (
        lambda net: gn.compile_step(net, nn.MSECriterion(), select=7)(X, T),
        "select=7, which is out of range",
    ),
    (lambda net: gn.compile_step(net, nn.MSECriterion())(X, T), "select=0"),
]


@pytest.mark.parametrize(("misuse", "message"), MISUSES)
def test_misuses_are_named(misuse: Any, message: str) -> None:
    with pytest.raises(gn.GraphnetError, match=message):
        misuse(nn.LSTM(4, 5))
