"""What runs are given: lists, shapes, sizes and gradients that do not fit are named with their place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import DtypeError, GraphError, GraphnetError, NumericsError, ShapeError


def blog() -> gn.GModule:
    """z = x1 + x2 * linear(x3), the example of the nngraph announcement."""
    x1, x2, x3 = gn.input(), gn.input(), gn.input()
    linear = nn.Linear(20, 10)(x3)
    z = nn.CAddTable()([x1, nn.CMulTable()([x2, linear])])
    return gn.GModule([x1, x2, x3], [z])


DATA = [np.ones(10), np.full(10, 2.0), np.full(20, 3.0)]


def one_input() -> gn.GModule:
    x = gn.input()
    return gn.GModule(x, nn.Linear(2, 3)(x))


def two_inputs() -> gn.GModule:
    x, y = gn.input(), gn.input()
    return gn.GModule([x, y], nn.Linear(2, 3)(x) + nn.Linear(2, 3)(y))


ZEROS = r"the tuple \(2, 3\), expected an array\n  np\.zeros\(\(2, 3\)\) is an array of this shape"


LISTS: list[tuple[Callable[[], object], str]] = [
    (lambda: nn.Linear(2, 3).forward([1.0, 2.0]), r"^Linear received a list that holds 2 numbers, expected an array\n  A list .* np\.array\(\[1\.0, 2\.0\]\)\.$"),
    (lambda: one_input().forward([[1, 2], [3, 4]]), r"^GModule received a list that holds 4 .*\n.* np\.array\(\[\[1, 2\], \[3, 4\]\]\)\.$"),
    (lambda: one_input()([1.0, 2.0]), "a list that holds 2 numbers"),
    (lambda: one_input().forward(np.ones((30, 2)).tolist()), r"a list that holds 60 numbers, .*\n.* np\.array\(…\)\.$"),
    (lambda: two_inputs().forward([[1.0, 2.0], [3.0, 4.0]]), r"^GModule received a list that holds 2 numbers"),
    (lambda: nn.LSTM(3, 4).forward(np.ones((5, 2, 3)).tolist()), "LSTM received a list that holds 30 numbers"),
    (lambda: nn.LSTM(3, 4).forward([np.ones((5, 2, 7)), None, [5, 3]]), r"an array \(…, 3\), received \(2, 7\)"),
    (lambda: nn.LookupTable(5, 2).forward([1, 2]), "a list that holds 2 numbers"),
    (lambda: nn.MSECriterion().forward([[1.0, 2.0], [3.0, 4.0]]), "a list that holds 4 numbers"),
    (lambda: gn.compile_step(nn.Linear(2, 3), nn.MSECriterion())([1.0, 2.0], np.ones(3)), "^Linear received a list that holds 2"),
    (lambda: gn.compile_step(nn.Linear(2, 3), nn.MSECriterion())(np.ones(2), [1.0]), "^MSECriterion received a list that holds 1 number,"),
    (lambda: one_input().forward((2, 3)), ZEROS),
    (lambda: one_input().profile((2, 3)), ZEROS),
    (lambda: nn.LSTM(3, 4).profile((5, 2, 3)), r"the tuple \(5, 2, 3\), expected an array"),
]  # fmt: skip


@pytest.mark.parametrize(("action", "message"), LISTS, ids=[message for _, message in LISTS])
def test_lists_of_numbers_given_for_arrays(action: Callable[[], object], message: str) -> None:
    with pytest.raises(GraphnetError, match=message):
        action()


def test_lists_of_numbers_where_they_are_meant() -> None:
    np.testing.assert_array_equal(nn.CAddTable().forward([1.0, 2.0]), 3.0)
    with pytest.raises(ShapeError, match=r"an array \(…, 2\), received \(\)"):
        two_inputs().forward([1.0, 2.0])


FAULTS = [
    ([np.ones(10)], GraphError, "expects a table of 3 inputs .x1, x2, x3., received a table of 1"),
    (np.ones(10), GraphError, r"expects a table of 3 inputs .x1, x2, x3., received \(10,\)"),
    ([np.ones(10), None, np.ones(20)], DtypeError, "receives None"),
    ([np.ones(10), "x", np.ones(20)], DtypeError, "receives 'x'"),
    ([np.ones(10), np.array(["x"]), np.ones(20)], DtypeError, "dtype <U1, expected real numbers"),
    ([np.ones(10), np.ones(10, complex), np.ones(20)], DtypeError, "dtype complex128"),
    ([np.ones(10, int), np.ones(10), np.ones(20)], DtypeError, r"'z' .*adds int64 and float64"),
]  # fmt: skip


@pytest.mark.parametrize(("inputs", "error", "message"), FAULTS, ids=[f[2] for f in FAULTS])
def test_wrong_inputs_are_named(inputs: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        blog().forward(inputs)


def test_a_wrong_shape_names_nodes_lines_and_shapes() -> None:
    with pytest.raises(ShapeError) as caught:
        blog().forward([np.ones((3, 4)), DATA[1], DATA[2]])
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("CAddTable 'z' (test_inputs.py:")
    assert lines[0].endswith("adds (3, 4) and (10,)")
    assert lines[1].split()[0] == "x1"
    assert lines[1].split()[-2] == "input"
    assert lines[2].split()[0] == "cmultable"
    assert "test_inputs.py" in lines[2]


def test_a_wrong_size_into_a_layer_says_what_it_expects() -> None:
    with pytest.raises(ShapeError, match=r"Linear 'linear' \(test_inputs.py:\d+\) expects an arr"):
        blog().forward([DATA[0], DATA[1], np.ones(7)])


def test_check_finite_names_the_input_or_the_node() -> None:
    net = blog()
    bad = [DATA[0], DATA[1], np.where(np.arange(20) == 3, np.nan, 1.0)]
    with pytest.raises(NumericsError, match=r"input\[2\] holds nan at \(3,\), one of 1"):
        net.forward(bad, check_finite=True)
    assert np.isnan(net.forward(bad)).all()
    net["linear"].bias[4] = np.inf
    with pytest.raises(NumericsError, match=r"parameter linear.bias holds inf at \(4,\)"):
        net.forward(DATA, check_finite=True)
    net["linear"].bias[4] = 1e308
    with pytest.raises(NumericsError, match=r"CMulTable 'cmultable' .*produces inf at \(4,\)"):
        net.forward([DATA[0], DATA[1] * 100, DATA[2]], check_finite=True)


BACKWARD_FAULTS = [
    (None, GraphError, "needs grad_outputs"),
    (np.ones(9), ShapeError, r"gradient \(9,\) for output 0, expected \(10,\)"),
    (None, GraphError, r"needs grad_outputs\n.* net\.backward\(x, criterion\.backward\(output, ta"),
    (0.5, ShapeError, r"the number 0\.5 for output 0, expected \(10,\)\n.*criterion\.backward\("),
    (np.float64(3), ShapeError, r"the number 3\.0 for output 0.*\n.*criterion\.backward\("),
    (np.array(1.0), ShapeError, r"the number 1\.0 for output 0.*\n.*criterion\.backward\("),
    ([np.ones(10)], GraphError, r"received the gradients \[\(10,\)\] \(1 entries\), expected \(10"),
]  # fmt: skip


@pytest.mark.parametrize(("grad", "error", "message"), BACKWARD_FAULTS)
def test_wrong_gradients_are_named(grad: object, error: type[Exception], message: str) -> None:
    net = blog()
    net.forward(DATA)
    with pytest.raises(error, match=message):
        net.backward(DATA, grad)


def test_a_loss_given_for_the_gradients_of_a_table_points_to_the_criterion() -> None:
    net, x = nn.ConcatTable(nn.Tanh(), nn.Exp()), np.ones(3)
    net.forward(x)
    with pytest.raises(GraphError, match=r"gradients float, expected .*\n.*criterion\.backward\("):
        net.backward(x, 0.5)
