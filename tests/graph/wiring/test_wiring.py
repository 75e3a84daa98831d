"""Wiring: calling modules on nodes in every form, names, nesting, sharing, inner access."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphError, IndexRangeError


def test_chaining_with_minus_in_every_form(rng: np.random.Generator) -> None:
    """nngraph's ``-nn.Identity()``, ``x - module``, ``[a, b] - module``."""
    a = -nn.Identity()
    b = -nn.Identity()
    top = [a - nn.Tanh(), b - nn.Sigmoid()] - nn.CAddTable() - nn.Tanh()
    net = gn.GModule([a, b], [top])
    x, y = rng.normal(size=(2, 3))
    expected = np.tanh(np.tanh(x) + 1 / (1 + np.exp(-y)))
    np.testing.assert_allclose(net.forward([x, y]), expected, rtol=1e-14)


def test_operators_on_nodes(rng: np.random.Generator) -> None:
    a, b = gn.input(), gn.input()
    net = gn.GModule([a, b], (a + b) * a - b / a)
    x, y = rng.uniform(1, 2, (2, 3))
    np.testing.assert_allclose(net.forward([x, y]), (x + y) * x - y / x, rtol=1e-14)


def test_numbers_in_wiring(rng: np.random.Generator) -> None:
    """A GRU's blend reads as it is written: ``(1 - z) * g + z * h``."""
    z, g, h = gn.input(), gn.input(), gn.input()
    half = np.float32(0.5)
    net = gn.GModule([z, g, h], (1 - z) * g - -z * h * 2 - (h / 4 + 1.5) + half * g - 1)
    a, b, c = rng.normal(size=(3, 4))
    expected = (1 - a) * b + a * c * 2 - (c / 4 + 1.5) + 0.5 * b - 1
    np.testing.assert_allclose(net.forward([a, b, c]), expected, rtol=1e-12)


def test_powers_and_quotients_of_nodes(rng: np.random.Generator, tmp_path: Path) -> None:
    a, b = gn.input(), gn.input()
    net = gn.GModule([a, b], 2 / a - b**2 + np.float64(3) / (a**-1.5) * 2**2 + a ** np.float32(3))
    x, y = rng.uniform(1, 2, (2, 3))
    np.testing.assert_allclose(
        net.forward([x, y]), 2 / x - y**2 + 3 / x**-1.5 * 4 + x**3, rtol=1e-14
    )
    by_x, by_y = net.backward([x, y], np.ones(3))
    np.testing.assert_allclose(by_x, -2 / x**2 + 18 * x**0.5 + 3 * x**2, rtol=1e-13)
    np.testing.assert_allclose(by_y, -2 * y, rtol=1e-14)
    net.save(tmp_path / "net.gn")
    copy = gn.load(tmp_path / "net.gn")
    np.testing.assert_array_equal(copy.forward([x, y]), net.forward([x, y]))
    assert [repr(node.module) for node in (2 / a, b**2, b**3)] == [
        "ConstantOver(2)", "Square()", "Power(3)",
    ]  # fmt: skip


def test_an_index_chooses_an_entry_of_a_table(rng: np.random.Generator) -> None:
    x = gn.input()
    lstm = nn.LSTM(2, 3)(x)
    last = lstm[-1][np.int64(0)]
    net = gn.GModule(x, [lstm[0], last])
    xs = rng.normal(size=(4, 5, 2))
    output, h_n = net.forward(xs)
    np.testing.assert_array_equal(h_n[0], output[-1])
    assert net["last"].module.index == 0
    assert net["last"].line == lstm.line + 1


def test_an_index_of_what_is_no_such_table_is_named() -> None:
    x = gn.input()
    with pytest.raises(
        GraphError, match=r"a table of at least 1, received \(2, 3\)(.|\n)*nn.Select\("
    ):
        gn.GModule(x, x[0]).forward(np.ones((2, 3)))
    y = gn.input()
    with pytest.raises(IndexRangeError, match="selects entry 2 of a table of 2"):
        gn.GModule(y, y[2]).forward([np.ones(2), np.ones(2)])


def test_an_input_node_may_hold_any_module() -> None:
    x = nn.Linear(3, 2)()
    net = gn.GModule(x, nn.Tanh()(x))
    assert net.forward(np.ones(3)).shape == (2,)


def test_one_input_takes_the_value_itself_several_take_a_table() -> None:
    x = gn.input()
    table = gn.GModule(x, nn.CAddTable()(x))
    np.testing.assert_array_equal(table.forward([np.ones(2), np.ones(2)]), [2, 2])
    nested = gn.GModule([x], [nn.SelectTable(1)(x)])
    np.testing.assert_array_equal(nested.forward([np.ones(2), [np.zeros(1)]])[0], [0])


def test_split_gives_a_node_for_each_entry() -> None:
    x = gn.input()
    first, second, third = nn.SplitTable(0)(x).split(3)
    net = gn.GModule(x, [nn.CSubTable()([third, first]), second])
    data = np.arange(6.0).reshape(3, 2)
    out = net.forward(data)
    np.testing.assert_array_equal(out[0], data[2] - data[0])
    np.testing.assert_array_equal(out[1], data[1])
    back = net.backward(data, [np.ones(2), np.full(2, 5.0)])
    np.testing.assert_array_equal(back, [[-1, -1], [5, 5], [1, 1]])


def test_a_list_inside_a_list_of_parents_is_a_table() -> None:
    a, b, c = gn.input(), gn.input(), gn.input()
    net = gn.GModule([a, b, c], nn.Identity()([a, [b, c], [c]]))
    out = net.forward([np.zeros(1), np.ones(1), np.full(1, 2.0)])
    assert [len(v) for v in out] == [1, 2, 1]
    assert isinstance(out[2], list)


def test_one_node_may_be_given_twice() -> None:
    x = gn.input()
    net = gn.GModule(x, nn.CMulTable()([x, x]))
    data = np.array([3.0, -2.0])
    np.testing.assert_array_equal(net.forward(data), data**2)
    np.testing.assert_array_equal(net.backward(data, np.ones(2)), 2 * data)
    assert nx.number_of_edges(net.graph) == 2


def test_nodes_take_the_names_of_local_variables() -> None:
    x = gn.input()
    hidden = nn.Linear(3, 4)(x)
    named = nn.Tanh()(hidden).annotate(name="squash")
    _private = nn.Linear(4, 4)(named)
    out = nn.Tanh()(nn.Linear(4, 2)(_private))
    net = gn.GModule([x], [out])
    assert net.names == ("x", "hidden", "squash", "linear", "linear_2", "out")
    assert net["hidden"] is hidden
    assert net["hidden"].weight.shape == (4, 3)
    assert [n for n, _ in net.named_parameters()][:2] == ["hidden.weight", "hidden.bias"]


def test_equal_names_are_numbered_in_order() -> None:
    x = gn.input()
    h = x
    for _ in range(3):
        h = nn.Tanh()(h).annotate(name="tanh")
    net = gn.GModule(x, h)
    assert net.names == ("x", "tanh", "tanh_2", "tanh_3")


def test_annotations_are_kept() -> None:
    x = gn.input("start").annotate(description="the data", graph_attributes={"color": "red"})
    assert (x.name, x.description, x.attributes) == ("start", "the data", {"color": "red"})
    assert x.place.startswith("test_wiring.py:")
    with pytest.raises(GraphError, match=r"cannot be named '\.x'"):
        x.annotate(name=".x")


def nested() -> gn.GModule:
    x = gn.input()
    hidden = nn.Linear(3, 3)(x)
    inner = gn.GModule(x, nn.Tanh()(hidden))
    a = gn.input()
    layer1 = inner(a)
    layer2 = nn.Sequential(nn.Linear(3, 3), inner)(layer1)
    return gn.GModule(a, layer2)


def test_graphs_nest_and_inner_nodes_are_reached_by_path() -> None:
    net = nested()
    assert net["layer1.hidden"].weight is net["layer2.1.hidden"].weight
    assert net["layer2.0"].out_features == 3
    assert len(net.parameters()) == 4
    run = net.run(np.ones(3))
    np.testing.assert_array_equal(run["layer1.tanh"], run["layer1"])
    np.testing.assert_array_equal(run["layer2.1.tanh"], run.outputs)
    for path in ("layer3", "layer1.nothing", "layer2.0.x"):
        with pytest.raises(GraphError, match="There is no node named"):
            net[path]


def test_a_shared_module_sums_its_gradients(rng: np.random.Generator) -> None:
    shared = nn.Linear(3, 3)
    x = gn.input()
    net = gn.GModule(x, shared(shared(x)))
    assert len(net.parameters()) == 2
    data, g = rng.normal(size=(2, 5, 3))
    net.forward(data)
    net.backward(data, g)
    weight, hidden = shared.weight.data, data @ shared.weight.data.T + shared.bias.data
    expected = g.T @ hidden + (g @ weight).T @ data
    np.testing.assert_allclose(shared.weight.grad, expected, rtol=1e-12)


def test_parameters_shared_by_assignment_are_one() -> None:
    x = gn.input()
    first, second = nn.Linear(3, 3), nn.Linear(3, 3)
    net = gn.GModule(x, second(first(x)))
    before = net.forward(np.ones(3))
    second.weight = first.weight
    assert len(net.parameters()) == 3
    assert not np.array_equal(net.forward(np.ones(3)), before)


def test_the_graph_is_a_networkx_multigraph() -> None:
    cell = nn.lstm_cell(2, 3)
    assert nx.is_directed_acyclic_graph(cell.graph)
    assert next(iter(nx.topological_sort(cell.graph))) in cell.inputs
    slots = [key for _, _, key in cell.graph.in_edges(cell["next_c"], keys=True)]
    assert sorted(slots) == [0, 1]
    assert cell.graph.nodes[cell["next_c"]]["name"] == "next_c"


def test_order_is_depth_first_through_the_parents() -> None:
    a, b = gn.input(), gn.input()
    late = nn.Tanh()(b)
    early = nn.Sigmoid()(a)
    net = gn.GModule([a, b], nn.CAddTable()([early, late]))
    assert net.names == ("a", "early", "b", "late", "caddtable")


def test_a_module_applied_to_arrays_computes() -> None:
    np.testing.assert_array_equal(nn.CAddTable()([np.ones(2), np.ones(2)]), [2, 2])


def test_a_chain_of_100_000_nodes(tmp_path: Any) -> None:
    """Built, run both ways, cloned, saved and loaded without recursion."""
    x = gn.input()
    h = x
    for _ in range(50_000):
        h = nn.CMulTable()([nn.Tanh()(h), x])
    net = gn.GModule(x, h)
    data = np.full(2, 0.9)
    out = net.forward(data)
    assert net.backward(data, np.ones(2)).shape == (2,)
    assert len(net.clone().nodes) == 100_001
    net.save(tmp_path / "chain.gn")
    np.testing.assert_array_equal(gn.load(tmp_path / "chain.gn").evaluate().forward(data), out)
    assert len(net.graph) == 100_001


def test_a_second_graph_may_look_inside_the_first() -> None:
    x = gn.input()
    hidden = nn.Linear(3, 4)(x)
    net = gn.GModule(x, nn.Tanh()(hidden))
    probe = gn.GModule(x, hidden)
    data = np.ones(3)
    np.testing.assert_array_equal(np.tanh(probe.forward(data)), net.forward(data))


def test_nodes_outside_the_graph_keep_no_name() -> None:
    stranger = gn.input()
    x = gn.input()
    gn.GModule(x, nn.Tanh()(x))
    assert (x.name, stranger.name) == ("x", None)


def test_a_dotted_name_may_not_be_the_path_of_a_part() -> None:
    i, x = gn.input(), gn.input()
    inner = gn.GModule(i, nn.Linear(2, 2)(i).annotate(name="gate"))
    cell = inner(x)
    top = nn.Linear(2, 2)(cell).annotate(name="cell.gate")
    with pytest.raises(
        GraphError, match=r"'cell.gate' .* has the name of a part of GModule 'cell'"
    ):
        gn.GModule(x, top)


def parts() -> tuple[gn.Node, gn.Node]:
    x = gn.input("x")
    return x, nn.Linear(2, 2)(x).annotate(name="hidden")


def unused_input() -> gn.GModule:
    x, hidden = parts()
    return gn.GModule([x, gn.input("other")], hidden)


def dangling() -> gn.GModule:
    x, hidden = parts()
    loose = nn.Tanh()(hidden)
    assert loose.parents == (hidden,)
    return gn.GModule(x, nn.Sigmoid()(hidden))


def unused_split() -> gn.GModule:
    x, hidden = parts()
    first, _, _ = nn.SplitTable(0)(hidden).split(3)
    return gn.GModule(x, first)


def undeclared() -> gn.GModule:
    x, hidden = parts()
    return gn.GModule(x, hidden + gn.input("other"))


def of_another_net() -> gn.GModule:
    theirs, ours = gn.input("theirs"), gn.input("ours")
    inner = nn.Tanh()(theirs)
    gn.GModule(theirs, inner)
    return gn.GModule(ours, nn.CAddTable()([nn.Exp()(inner), ours]))


def cycle() -> gn.GModule:
    x, hidden = parts()
    top = nn.Tanh()(hidden)
    hidden.parents = (top,)
    return gn.GModule(x, top)


def call(*arguments: object) -> object:
    return nn.Tanh()(*arguments)


FAULTS = [
    (unused_input, r"inputs\[1\], Identity 'other' .* is not used by any output"),
    (dangling, r"Tanh 'loose' \(test_wiring.py:\d+\) does not reach any output"),
    (unused_split, r"2 of the 3 outputs of split\(3\) of SplitTable .*\(numbers 1, 2\)\n .*node\[i\]"),
    (undeclared, "Identity 'other' .* has no parents and is not among the inputs"),
    (of_another_net, r"'theirs' .* reached through Tanh '\w+' \(test_w.*\n .*net\(node\) is a node"),
    (lambda: gn.GModule(parts()[1], gn.input()), r"has parents\n  The order is GModule\(inputs, out"),
    (cycle, "there is a cycle through"),
    (lambda: gn.GModule([], parts()[1]), "received no inputs"),
    (lambda: gn.GModule(parts()[0], []), "received no outputs"),
    (lambda: gn.GModule(parts()[1], parts()[1]), r"inputs\[0\], Linear 'hidden' .*, has parents"),
    (lambda: gn.GModule([(x := parts()[0]), x], x), r"inputs\[1\], .* is listed twice"),
    (lambda: gn.GModule(nn.Tanh(), parts()[1]), r"inputs is the module Tanh\(\), expected a node"),
    (lambda: gn.GModule(parts()[0], [None]), r"outputs\[0\] is None"),
    (lambda: call(None), r"Tanh \(test_wiring.py:\d+\): input is None"),
    (lambda: call([gn.input(), None]), r"inputs\[1\] is None"),
    (lambda: call(gn.input(), gn.input()), "received 2 arguments, expected one"),
    (lambda: call([]), "received an empty table"),
    (lambda: call("x"), "input is 'x' of type str"),
    (lambda: call([gn.input(), nn.Linear(2, 3)]), r"is the module Linear\(2, 3\), expected a node"),
    (lambda: call([gn.input(), np.ones(3)]), "is an array, expected a node"),
    (lambda: gn.input().split(0), r"split\(0\)"),
    (lambda: gn.input() - "3", "unsupported operand"),
    (lambda: "3" / gn.input(), "unsupported operand"),
    (lambda: gn.input() ** gn.input(), "unsupported operand"),
    (lambda: 2 ** gn.input(), "unsupported operand"),
    (lambda: gn.input("x")["gate"], r"Identity 'x' .* is a node: it has no entries yet\n.*node\[i\]"),
    (lambda: gn.input("x")[True], "it has no entries yet"),
    (lambda: [*gn.input("pair")], r"Identity 'pair' .* is one node\n  For the entries .*split\(2\)"),
    (lambda: nn.Tanh() + nn.Tanh(), "unsupported operand"),
    (lambda: gn.input("x") * np.ones(3), r"np.multiply cannot be applied to the node Identity 'x'"),
    (lambda: np.ones(3) - gn.input("x"), r"np.subtract cannot be applied to the node Identity 'x'"),
    (lambda: np.tanh(gn.input("x")), r"np.tanh cannot be applied .*\n .*nn.Tanh\(\)\(node\)"),
]  # fmt: skip


@pytest.mark.parametrize(("wire", "message"), FAULTS, ids=[f[1] for f in FAULTS])
def test_a_mistake_is_named_with_its_place(wire: Any, message: str) -> None:
    with pytest.raises((GraphError, TypeError), match=message):
        wire()


@pytest.mark.parametrize(("entries", "count"), [(3, 2), (2, 3)])
def test_a_split_of_the_wrong_size_is_named(entries: int, count: int) -> None:
    x = gn.input()
    pieces = nn.SplitTable(0)(x).split(count)
    net = gn.GModule(x, list(pieces))
    with pytest.raises(GraphError, match=f"cannot split a table of {entries} into {count} outputs"):
        net.forward(np.ones((entries, 2)))
