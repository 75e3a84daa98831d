"""The scenarios that nngraph tests itself with: outputs, inputs, tables, nesting, mistakes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphError
from graphnet.graph.values import table

Net = Callable[[], gn.GModule]


def fork() -> gn.GModule:
    x = gn.input()
    return gn.GModule([x], [nn.Identity()(x), nn.Identity()(x)])


def split_of_a_layer() -> gn.GModule:
    x = nn.Sigmoid()()
    first, second = nn.SplitTable(0)(x).split(2)
    return gn.GModule([x], [first, second])


def table_as_second_input() -> gn.GModule:
    x, state = gn.input(), gn.input()
    h, c = state.split(2)
    return gn.GModule([x, state], [nn.CMulTable()([x, h, c])])


def inputs_among_outputs() -> gn.GModule:
    x, y = nn.Sigmoid()(), nn.Sigmoid()()
    return gn.GModule([x, y], [x, y, nn.Sigmoid()(x)])


def an_entry_used_twice() -> gn.GModule:
    x, state = gn.input(), gn.input()
    h, c = state.split(2)
    total = nn.CAddTable()([nn.CMulTable()([x, h]), nn.CMulTable()([h, c])])
    return gn.GModule([x, state], [total])


def table_of_an_input_node() -> gn.GModule:
    x = nn.SplitTable(0)()
    return gn.GModule([x], [nn.CAddTable()(x)])


def parameters_with_two_readers() -> gn.GModule:
    x = nn.CMul(10)()
    return gn.GModule([x], [nn.Identity()(x), nn.Identity()(x)])


def chain_of_layers() -> gn.GModule:
    x = nn.Linear(20, 10)()
    return gn.GModule([x], [nn.Linear(10, 1)(nn.Tanh()(nn.Linear(10, 10)(nn.Tanh()(x))))])


def two_inputs_two_outputs() -> gn.GModule:
    x, y = nn.Linear(20, 20)(), nn.Linear(10, 10)()
    both = nn.CAddTable()([nn.Linear(20, 1)(nn.Tanh()(x)), nn.Linear(10, 1)(nn.Tanh()(y))])
    return gn.GModule([x, y], [nn.Sigmoid()(both), nn.Tanh()(both)])


def container_split_and_joined() -> gn.GModule:
    parts = nn.ParallelTable(nn.Linear(10, 20), nn.Linear(10, 30))
    x = gn.input()
    first, second = nn.Sequential(nn.SplitTable(0), parts)(x).split(2)
    return gn.GModule([x], [nn.JoinTable(0)([first, second])])


def joined_with_skips() -> gn.GModule:
    x = gn.input()
    first = nn.Tanh()(nn.Linear(1, 2)(x))
    second = nn.Tanh()(nn.Linear(3, 6)(nn.JoinTable(0)([x, first])))
    return gn.GModule([x], [nn.Tanh()(nn.Linear(8, 16)(nn.JoinTable(0)([first, second])))])


def table_to_two_containers() -> gn.GModule:
    x = gn.input()
    tanh, same = nn.Sequential(nn.JoinTable(1), nn.Tanh()), nn.Sequential(nn.JoinTable(1))
    return gn.GModule([x], [nn.CAddTable()([tanh(x), same(x)])])


def used_after_its_split() -> gn.GModule:
    state = gn.input()
    h, c = state.split(2)
    return gn.GModule([state], [h, nn.Identity()(state), nn.Sigmoid()(c)])


def nested_outputs() -> gn.GModule:
    x, y, z = gn.input(), gn.input(), gn.input()
    return gn.GModule([x, y, z], [nn.CAddTable()([x, z]), [x, [nn.Tanh()(y)], z], [z]])


def shapes(*parts: Any) -> list[Any]:
    return list(parts)


SCENARIOS: list[tuple[Net, Any]] = [
    (fork, (1,)),
    (split_of_a_layer, (2, 3)),
    (table_as_second_input, shapes((3,), shapes((3,), (3,)))),
    (inputs_among_outputs, shapes((3,), (3,))),
    (an_entry_used_twice, shapes((3,), shapes((3,), (3,)))),
    (table_of_an_input_node, (2, 3)),
    (parameters_with_two_readers, (10,)),
    (chain_of_layers, (20,)),
    (two_inputs_two_outputs, shapes((20,), (10,))),
    (container_split_and_joined, (2, 10)),
    (joined_with_skips, (1,)),
    (table_to_two_containers, shapes((3, 3), (3, 3), (3, 3))),
    (used_after_its_split, shapes((10,), (10,))),
    (nested_outputs, shapes((3,), (2,), (3,))),
]


@pytest.mark.parametrize(
    ("make", "shape"), SCENARIOS, ids=lambda part: getattr(part, "__name__", "")
)
def test_gradients_of_a_scenario(make: Net, shape: Any, rng: np.random.Generator) -> None:
    gn.check_gradients(make(), drawn(shape, rng))


def drawn(shape: Any, rng: np.random.Generator) -> Any:
    if isinstance(shape, list):
        return [drawn(part, rng) for part in shape]
    return rng.normal(size=shape)


def test_a_fork_sums_its_gradients_and_each_backward_is_new() -> None:
    net = fork()
    one, two = np.array([1.0]), np.array([2.0])
    net.forward(one)
    np.testing.assert_array_equal(net.backward(one, [np.array([-2.0]), np.array([-3.0])]), [-5])
    net.forward(two)
    np.testing.assert_array_equal(net.backward(two, [np.array([-1.0]), np.array([0.0])]), [-1])


def test_the_gradient_of_a_table_is_a_table(rng: np.random.Generator) -> None:
    net = table_as_second_input()
    value = drawn(shapes((3,), shapes((3,), (3,))), rng)
    net.forward(value)
    by_x, by_state = net.backward(value, np.ones(3))
    assert by_x.shape == (3,)
    assert [each.shape for each in by_state] == [(3,), (3,)]


def test_an_identity_passes_a_table_of_one_entry_as_a_table() -> None:
    x = gn.input()
    net = gn.GModule([x], [nn.Identity()(x)])
    value = np.array([123.0])
    np.testing.assert_array_equal(net.forward(value), value)
    assert net.forward([value]) == [value]


def test_tables_of_other_lengths_follow_each_other(rng: np.random.Generator) -> None:
    net = fork()
    for lengths in ((3, 4), (3, 4, 5), (3, 4)):
        value = [rng.normal(size=10), [rng.normal(size=n) for n in lengths]]
        gradient = net.backward(value, net.forward(value))
        assert [part.shape for part in gradient[1]] == [(n,) for n in lengths]


def test_a_net_in_float32_stays_in_float32(rng: np.random.Generator) -> None:
    net = chain_of_layers().float()
    value = rng.normal(size=20)
    output = net.forward(value)
    assert output.dtype == np.float32
    assert net.backward(value, output).dtype == np.float32


def test_nest_makes_one_node_of_a_nested_list(rng: np.random.Generator) -> None:
    x, y, z = gn.input(), gn.input(), gn.input()
    outputs = [nn.CAddTable()(gn.nest([x])), gn.nest(x), gn.nest([x, [y], z]), gn.nest([z])]
    net = gn.GModule([x, y, z], outputs)
    a, b, c = rng.normal(size=(7, 3)), rng.normal(size=2), rng.normal(size=3)
    found = net.forward([a, b, c])
    assert gn.nest(x) is x
    for left, right in zip(table.flatten(found)[0], [a, a, a, b, c, c], strict=True):
        np.testing.assert_array_equal(left, right)
    assert table.flatten(found)[1] == table.flatten([a, a, [a, [b], c], [c]])[1]


def test_lists_among_outputs_are_tables_also_in_a_file(
    rng: np.random.Generator, tmp_path: Any
) -> None:
    net = nested_outputs()
    value = drawn(shapes((3,), (2,), (3,)), rng)
    net.save(tmp_path / "nested.gn")
    expected, found = net.forward(value), gn.load(tmp_path / "nested.gn").forward(value)
    assert (
        table.flatten(found)[1]
        == table.flatten(expected)[1]
        == table.flatten([1, [1, [1], 1], [1]])[1]
    )
    for left, right in zip(table.flatten(found)[0], table.flatten(expected)[0], strict=True):
        np.testing.assert_array_equal(left, right)


def unused_child() -> Any:
    state = gn.input()
    h, _ = state.split(2)
    return gn.GModule([state], [h])


def unused_node() -> Any:
    x, y = gn.input(), gn.input()
    nn.Sigmoid()(y)
    return gn.GModule([x, y], [nn.Sigmoid()(x)])


def dangling_node() -> Any:
    x = gn.input()
    linear = nn.Linear(20, 10)(x)
    kept = nn.Sigmoid()(linear)
    net = gn.GModule([x], [nn.Tanh()(linear)])
    return net, kept


MISTAKES = [
    (unused_child, r"split"),
    (unused_node, r"inputs\[1\].*is not used by any output"),
    (dangling_node, r"Sigmoid 'kept' \(test_nngraph.py:\d+\)"),
    (lambda: nn.Sigmoid()(None), r"input is None"),
    (lambda: gn.nest([]), r"nest is \[\]"),
    (lambda: gn.nest([gn.input(), 3]), r"nest\[1\] is 3"),
    (lambda: gn.GModule([gn.input()], [[]]), r"outputs\[0\] is \[\]"),
]


@pytest.mark.parametrize(("wire", "message"), MISTAKES)
def test_a_mistake_in_the_wiring_is_told(wire: Any, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        wire()
