"""Parameters: dtypes, NumPy's functions, printing, sharing, flat vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import DtypeError, GraphError, ShapeError


def blog() -> gn.GModule:
    """z = x1 + x2 * linear(x3), the example of the nngraph announcement."""
    x1, x2, x3 = gn.input(), gn.input(), gn.input()
    linear = nn.Linear(20, 10)(x3)
    z = nn.CAddTable()([x1, nn.CMulTable()([x2, linear])])
    return gn.GModule([x1, x2, x3], [z])


DATA = [np.ones(10), np.full(10, 2.0), np.full(20, 3.0)]


def test_integer_parameters_become_floating() -> None:
    assert gn.Parameter(np.array([1, 2])).dtype == np.float64
    with pytest.raises(DtypeError, match="values of dtype complex128"):
        gn.Parameter(np.ones(2, complex))


def test_a_cast_of_shared_parameters_reaches_all_who_share() -> None:
    first = nn.Linear(2, 2)
    second = first.clone(share=True)
    second.forward(np.ones(2))
    first.float()
    assert second.forward(np.ones(2)).dtype == np.float32


def test_a_parameter_from_elsewhere_is_refused() -> None:
    stray = gn.Parameter(np.ones(2))

    class Borrower(gn.Module):
        def compute(self, x: Any) -> Any:
            return x * stray

    with pytest.raises(GraphError, match=r"a parameter \(2,\) that is none of its own"):
        Borrower().forward(np.ones(2))


def test_numpy_cannot_freeze_a_parameter_inside_compute() -> None:
    class Frozen(gn.Module):
        def __init__(self) -> None:
            self.weight = gn.Parameter(np.ones(2))

        def compute(self, x: Any) -> Any:
            return x * np.sort(self.weight)

    with pytest.raises(DtypeError, match="has no values while it is traced"):
        Frozen().forward(np.ones(2))


def test_numpys_reductions_of_a_parameter_have_gradients() -> None:
    class Scaled(gn.Module):
        def __init__(self) -> None:
            self.weight = gn.Parameter(np.array([1.0, 3.0]))

        def compute(self, x: Any) -> Any:
            return x * np.mean(self.weight) + self.weight.sum()

    net = Scaled()
    assert net.forward(np.array(2.0)) == 8
    net.backward(np.array(2.0))
    np.testing.assert_array_equal(net.weight.grad, [2, 2])


def test_equality_masks_inside_compute() -> None:
    class Masked(gn.Module):
        def compute(self, table: Any) -> Any:
            loss, target = table
            return loss * (target != 0).astype(float) + (target == 1).astype(float)

    found = Masked().forward([np.array([1.0, 2.0]), np.array([0, 1])])
    np.testing.assert_array_equal(found, [0, 3])


def test_printing_parameters_shows_names_shapes_and_values() -> None:
    net = blog()
    net["linear"].weight[:] = np.arange(200).reshape(10, 20)
    lines = str(net.parameters()).splitlines()
    assert lines[1].split()[:4] == ["linear.weight", "(10,", "20)", "float64"]
    assert "0  1  2 …  199" in lines[1]
    assert lines[-1] == "2 parameters, 210 numbers"
    assert str(nn.Tanh().parameters()) == "no parameters"


def test_flat_parameters_are_views() -> None:
    net = blog()
    values, gradients = net.flatten_parameters()
    assert values.size == 210
    net["linear"].bias[:] = 7
    np.testing.assert_array_equal(values[-10:], np.full(10, 7.0))
    values[:] = 0
    assert not net["linear"].weight.data.any()
    net.forward(DATA)
    net.backward(DATA, np.ones(10))
    np.testing.assert_array_equal(gradients[-10:], DATA[1])
    again, _ = net.flatten_parameters()
    assert again is values
    inner, _ = net["linear"].module.flatten_parameters()
    assert inner.base is values or inner is values
    with pytest.raises(GraphError, match="has no parameters, expected"):
        nn.Tanh().flatten_parameters()


def test_shared_parameters_lie_in_the_flat_vector_once() -> None:
    layer = nn.Linear(2, 2)
    assert nn.Sequential(layer, nn.Tanh(), layer).flatten_parameters()[0].size == 6


def test_parameters_have_numpys_methods() -> None:
    weight = nn.Linear(2, 3).weight
    assert weight.sum() == weight.data.sum()
    assert weight.tolist() == weight.data.tolist()


def test_a_shape_and_values_cannot_be_mixed_up() -> None:
    twos = nn.init.constant(2.0)
    assert gn.Parameter((2, 3)).shape == gn.Parameter([2, 3], twos).shape == (2, 3)
    assert gn.Parameter(3, twos).data.tolist() == [2, 2, 2]
    assert gn.Parameter([2.0, 3.0]).data.tolist() == [2, 3]
    assert gn.Parameter([[2, 3]]).shape == (1, 2)
    assert gn.Parameter(0.5).shape == gn.Parameter(()).shape == ()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ([2, 3],),
            r"could be a shape or values\n  Write \(2, 3\) for a shape, np\.array\(\[2, 3\]\)",
        ),
        ((3,), r"could be a shape or values\n  Write \(3,\) for a shape"),
        (([],), "could be a shape or values"),
        (((0.5, 1.0),), "expected a shape of whole numbers"),
        ((np.ones(2), nn.init.constant(2.0)), r"expected a shape .*\n  .*without an initialiser"),
        (([0.5], nn.init.constant(2.0)), "expected a shape"),
    ],
)
def test_what_could_be_a_shape_or_values_is_refused(arguments: Any, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        gn.Parameter(*arguments)
