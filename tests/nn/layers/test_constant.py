"""Constants as nodes: without parents, learned, shared, in sequences, in files, in pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphError, ShapeError


def shifted(value: object) -> gn.GModule:
    x = gn.input("x")
    shift = nn.Constant(value)()  # type: ignore[arg-type]
    return gn.GModule([x], [x + shift])


@pytest.mark.parametrize("compiled", [False, True])
def test_a_constant_is_a_node_without_parents(compiled: bool) -> None:
    net = shifted(np.array([1.0, 2.0]))
    net = net.compile() if compiled else net
    x = np.zeros((3, 2))
    np.testing.assert_array_equal(net.forward(x), np.tile([1.0, 2.0], (3, 1)))
    np.testing.assert_array_equal(net.backward(x, np.ones((3, 2))), np.ones((3, 2)))
    assert net.run(x)["shift"].tolist() == [1, 2]


def test_a_parameter_is_learned_and_shared_by_object() -> None:
    weight = gn.Parameter(np.ones(2))
    x = gn.input()
    net = gn.GModule([x], [x * nn.Constant(weight)() + nn.Constant(weight)()])
    assert list(net.parameters()) == [weight]
    net.forward(np.full((3, 2), 5.0))
    net.backward(np.full((3, 2), 5.0), np.ones((3, 2)))
    assert weight.grad.tolist() == [18, 18]


def test_a_node_that_is_the_output_alone() -> None:
    x = gn.input("x")
    value = nn.Constant(np.arange(3.0))()
    net = gn.GModule([x], [x, value])
    assert net.forward(np.ones(1))[1].tolist() == [0, 1, 2]


@pytest.mark.parametrize("value", [np.arange(2.0), gn.Parameter(np.arange(2.0))])
def test_floating_values_take_the_dtype_of_the_net(value: object) -> None:
    net = shifted(value).float()
    x = np.zeros((1, 2), np.float32)  # without parameters, the input's dtype counts
    assert net.forward(x).dtype == np.float32
    assert net.double().forward(x.astype(float)).dtype == np.float64


def test_whole_numbers_stay_whole() -> None:
    x = gn.input()
    net = gn.GModule([x], [x, nn.LookupTable(4, 2)(nn.Constant(np.array([1, 3]))())])
    assert net.forward(np.zeros(1))[1].shape == (2, 2)


def test_in_the_cell_of_a_sequence(rng: np.random.Generator) -> None:
    x, h = gn.input(), nn.State(2)()
    step = nn.Constant(np.array([1.0, 10.0]), learned=True)()
    next_h = h + x * step
    recurrent = nn.Recurrent(gn.GModule([x, h], [next_h]))
    xs = rng.normal(size=(4, 3, 2))
    expected = np.cumsum(xs * [1, 10], 0)
    np.testing.assert_allclose(recurrent.forward(xs)[0], expected)
    np.testing.assert_allclose(recurrent.clone().compile().forward(xs)[0], expected)


@pytest.mark.parametrize("value", [np.arange(2.0), gn.Parameter(np.arange(2.0))])
def test_in_a_file(value: object, tmp_path: Path) -> None:
    net = shifted(value)
    net.save(tmp_path / "net.gn")
    loaded = gn.load(tmp_path / "net.gn")
    np.testing.assert_array_equal(loaded.forward(np.ones((1, 2))), [[1, 2]])
    assert len(loaded.parameters()) == len(net.parameters())


def test_in_pictures_and_summaries() -> None:
    net = shifted(np.arange(2.0))
    assert "shift" in str(net.summary((3, 2)))
    assert b"shift" in gn.draw(net, shapes=(3, 2)).render("dot")


def test_what_is_refused() -> None:
    x, value = gn.input(), nn.Constant(np.ones(2))()
    with pytest.raises(GraphError, match=r"inputs\[1\], Constant .* has a value of its own"):
        gn.GModule([x, value], [x + value])
    alone = gn.GModule([x], [x + nn.Constant(np.ones(2), 1)()])
    with pytest.raises(ShapeError, match="expects an array of 1 axes or one more, received nothin"):
        alone.forward(np.ones(2))
