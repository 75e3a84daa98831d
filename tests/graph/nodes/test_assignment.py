"""Nodes take the names of the variables that the user's source assigns them to, in any function."""

from __future__ import annotations

import linecache
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphError


def wrap(i: Any, o: Any) -> gn.GModule:
    """Whoever closes the graph has other names for its ends, or none."""
    return gn.GModule(i, o)


def names(inputs: Any, outputs: Any) -> list[str]:
    """The names in the order in which the nodes were made."""
    net = wrap(inputs, outputs)
    return [line.split()[0] for line in repr(net).splitlines()[1:]]


def test_a_net_built_by_a_helper_has_its_gates_named() -> None:
    def gate(x: gn.Node, h: gn.Node, squash: Any) -> gn.Node:
        i2h = nn.Linear(3, 3)(x)
        h2h = nn.Linear(3, 3)(h)
        return squash()(i2h + h2h)

    x, prev_h = gn.input(), gn.input()
    update_gate = gate(x, prev_h, nn.Sigmoid)
    candidate = gate(x, prev_h, nn.Tanh)
    next_h = (1 - update_gate) * candidate + update_gate * prev_h
    net = wrap([x, prev_h], next_h)
    assert {"x", "prev_h", "update_gate", "candidate", "next_h"} <= set(net)
    assert net["update_gate"] is update_gate
    assert [name for name in net.names if "2h" in name] == ["i2h_1", "h2h_1", "i2h_2", "h2h_2"]


def test_inputs_keep_their_names_where_a_function_closes_the_graph() -> None:
    """Names of inputs are API: ``net.forward(x, prev_h=…)``."""
    x = gn.input()
    prev_h = gn.input(optional=True)
    output = nn.Recurrent(nn.rnn_cell(3, 4))(x, prev_h)[0]
    net = wrap([x, prev_h], output)
    assert net.optional_inputs() == ("prev_h",)
    assert net.forward(np.ones((5, 2, 3)), prev_h=np.ones((2, 4))).shape == (5, 2, 4)
    unnamed = wrap(inner := gn.input(), nn.Tanh()(inner))  # nothing names it but the argument
    assert unnamed.names == ("inner", "o")


def test_arguments_name_what_the_source_does_not() -> None:
    built: dict[str, Any] = {"nn": nn, "gn": gn, "wrap": wrap}
    exec("a = gn.input()\nnet = wrap(a, nn.Tanh()(a))", built)  # of which there is no source
    assert built["net"].names == ("i", "o")


def test_cells_of_notebooks_are_known() -> None:
    """IPython tells its cells to ``linecache``, as Python's prompt does from 3.13 on."""
    text = "def build(wrap, gn, nn):\n    x = gn.input()\n    h = nn.Exp()(x)\n    return wrap(x, [h])\n"
    name = "<ipython-input-7-of-test_assignment>"
    linecache.cache[name] = len(text), None, text.splitlines(True), name
    try:
        built: dict[str, Any] = {}
        exec(compile(text, name, "exec"), built)
        net = built["build"](wrap, gn, nn)
    finally:
        del linecache.cache[name]
    assert net.names == ("x", "h")


def test_a_file_that_has_changed_since_gives_no_names(tmp_path: Path) -> None:
    """Nor does it give wrong ones."""
    file = tmp_path / "changed.py"
    file.write_text(
        "def build(wrap, gn, nn):\n    a = gn.input()\n    return wrap(a, [nn.Exp()(a)])\n"
    )
    built: dict[str, Any] = {}
    exec(compile(file.read_text(), str(file), "exec"), built)
    file.write_text(
        "def build(wrap, gn, nn):\n    b = gn.input()\n    return wrap(b, [nn.Exp()(b)])\n"
    )
    assert built["build"](wrap, gn, nn).names == ("i", "exp")


class Model:
    """Nodes as attributes."""

    def __init__(self) -> None:
        self.x = gn.input()
        self.hidden = nn.Linear(3, 3)(self.x)
        self._private = nn.Tanh()(self.hidden)
        self.net = gn.GModule(self.x, self._private)


def test_attributes_name_nodes() -> None:
    assert Model().net.names == ("x", "hidden", "tanh")


def test_the_variable_of_a_loop_is_numbered() -> None:
    x = gn.input()
    h = x
    for _ in range(3):
        h = nn.Linear(3, 3)(h)
    assert names(x, h) == ["x", "h_1", "h_2", "h_3"]
    again = state = gn.input()
    for _ in range(2):
        again = nn.Tanh()(again)
    assert gn.GModule(state, again).names == ("state", "again_1", "again_2")


def test_a_variable_that_also_holds_the_input_leaves_it_its_name() -> None:
    x = gn.input()
    start = [x]
    x = nn.Linear(3, 3)(x)
    x = nn.Tanh()(x)
    assert gn.GModule(start, x).names == ("x", "x_1", "x_2")


def test_a_line_that_applies_any_module_tells_less_than_the_modules() -> None:
    def chain(x: gn.Node, layers: list[gn.Module]) -> gn.Node:
        for layer in layers:
            h = layer(x)
            x = nn.Exp()(h)
        return x

    x = gn.input()
    layers = [nn.Tanh(), nn.Sigmoid(), nn.Tanh()]
    assert names(x, [chain(x, layers)]) == [
        "x", "tanh", "x_1", "sigmoid", "x_2", "tanh_2", "x_3",
    ]  # fmt: skip


def test_lists_count_from_0() -> None:
    x = gn.input()
    layers = []
    for _ in range(2):
        layers.append(nn.Tanh()(x))  # noqa: PERF401 (as people write it)
    made = [nn.Sigmoid()(layer) for layer in layers]
    made += [nn.Exp()(x)]
    literal = [nn.Abs()(x), nn.Square()(x)]
    tupled = tuple(nn.Sqrt()(each) for each in literal)
    assert names(x, [*made, *tupled]) == [
        "x", "layers_0", "layers_1", "made_0", "made_1", "made_2", "literal_0", "literal_1",
        "tupled_0", "tupled_1",
    ]  # fmt: skip


def test_entries_of_dicts_and_indices() -> None:
    x = gn.input()
    gates = {"input": nn.Sigmoid()(x), "forget": nn.Tanh()(x)}
    gates["output"] = nn.Exp()(x)
    steps: list[Any] = [None, None]
    steps[1] = nn.Abs()(x)
    found = names(x, [*gates.values(), steps[1]])
    assert found == ["x", "gates_input", "gates_forget", "gates_output", "steps_1"]


def test_several_variables_at_once() -> None:
    def pair(x: gn.Node) -> tuple[gn.Node, gn.Node]:
        return nn.Tanh()(x), nn.Sigmoid()(x)

    def build() -> gn.GModule:
        x, s = gn.input(), gn.input()
        prev_c, prev_h = s.split(2)
        left, right = pair(x)
        return wrap([x, s], [prev_c, prev_h, left, right])

    assert set(build()) == {"x", "s", "split", "prev_c", "prev_h", "left", "right"}


def test_entries_of_a_split_are_named_after_the_table() -> None:
    def entries(table: gn.Node) -> list[gn.Node]:
        return [nn.Tanh()(entry) for entry in table.split(2)]

    prev_s = gn.input()
    net = wrap(prev_s, entries(prev_s))
    assert net.names == ("prev_s", "split", "prev_s_1", "tanh", "prev_s_2", "tanh_2")
    first, *_rest = nn.SplitTable(0)(x := gn.input()).split(3)
    assert names(x, [first, *_rest])[1:] == [
        "splittable", "split", "first", "splittable_2", "splittable_3",
    ]  # fmt: skip


def test_statements_over_several_lines_annotations_and_walruses() -> None:
    def build() -> gn.GModule:
        x: gn.Node = gn.input()
        long = nn.CAddTable()(
            [
                nn.Linear(3, 3)(x),
                nn.Linear(3, 3)(x),
            ]
        )
        chained = (
            nn.Tanh()(long)
            .annotate(description="squashed")
            .annotate(graph_attributes={"color": "red"})
        )
        either = nn.Exp()(chained) if chained is not None else None
        if (walrus := nn.Abs()(either)) is not None:
            total = walrus + x
        minus = [total, -x] - nn.CAddTable() - nn.Tanh()
        return wrap(x, minus)

    assert names_of(build()) == [
        "x", "linear", "linear_2", "long", "chained", "either", "walrus", "total", "mulconstant",
        "caddtable", "minus",
    ]  # fmt: skip


def names_of(net: gn.GModule) -> list[str]:
    return [line.split()[0] for line in repr(net).splitlines()[1:]]


def test_a_statement_that_adds() -> None:
    def build() -> gn.GModule:
        x = gn.input()
        total = nn.Tanh()(x)
        total += x
        return wrap(x, [total])

    assert build().names == ("x", "total_1", "total_2")


def test_the_source_is_read_without_its_warnings(tmp_path: Path) -> None:
    """Python has told them when it compiled the file."""
    file = tmp_path / "old.py"
    file.write_text(
        "def build(wrap, gn, nn):\n  x = gn.input()\n  return wrap(x, [nn.Tanh()(x)]), '\\d'"
    )
    with pytest.warns((SyntaxWarning, DeprecationWarning), match="invalid escape"):
        code = compile(file.read_text(), str(file), "exec")
    built: dict[str, Any] = {}
    exec(code, built)
    net, _ = built["build"](wrap, gn, nn)
    assert net.names == ("x", "tanh")


def test_a_call_inside_another_is_not_given_its_name() -> None:
    """A wrong name is worse than none."""

    def twice(x: gn.Node) -> gn.Node:
        return nn.Tanh()(nn.Tanh()(x))

    def build() -> gn.GModule:
        x = gn.input()
        parts = [nn.Exp()(x), nn.Abs()(x)]
        y = twice(x)
        total = sum(parts) + y
        reverse = 1 - total
        return wrap(x, reverse)

    assert names_of(build()) == [
        "x", "parts_0", "parts_1", "tanh", "y", "addconstant", "caddtable", "total", "mulconstant",
        "reverse",
    ]  # fmt: skip


def test_what_is_named_comes_first() -> None:
    """``annotate``, then ``module.name``, then the variable that holds it, then the line."""

    def build() -> gn.GModule:
        x = gn.input()
        fc = nn.Linear(3, 3)
        fc.name = "fc1"
        hidden = fc(x)
        squashed = nn.Tanh()(hidden).annotate(name="squash")
        plain = nn.Abs()(squashed)
        result = plain
        return gn.GModule(x, [result])

    assert build().names == ("x", "fc1", "squash", "plain")


def test_a_module_of_a_user_may_have_no_name_to_give() -> None:
    x, module = gn.input(), nn.Tanh()
    module.name = "no name."  # of a node
    assert names(x, [module(x)]) == ["x", "tanh"]


def test_nodes_print_and_count_in_the_order_in_which_they_were_made() -> None:
    a = gn.input()
    net = gn.GModule(a, nn.CSubTable()([*reversed([nn.Tanh()(a), nn.Tanh()(a)])]))
    assert names_of(net) == ["a", "tanh", "tanh_2", "csubtable"]
    assert net["csubtable"].parents == (net["tanh_2"], net["tanh"])
    printed = repr(nn.Sequential(net, nn.Exp()))
    assert printed.index("tanh:") < printed.index("tanh_2:")


def test_order_and_names_outlast_copies_and_files(tmp_path: Path) -> None:
    a = gn.input()
    net = gn.GModule(a, nn.CSubTable()([*reversed([nn.Tanh()(a), nn.Exp()(nn.Tanh()(a))])]))
    net.save(tmp_path / "net.gn")
    for copy in (net.clone(), gn.load(tmp_path / "net.gn")):
        assert repr(copy) == repr(net)
        assert copy.names == net.names


def test_errors_use_these_names() -> None:
    def build() -> gn.GModule:
        x = gn.input()
        kept = -x
        loose = nn.Tanh()(x)
        assert loose.parents == kept.parents
        return wrap(x, kept)

    with pytest.raises(
        GraphError, match=r"Tanh 'loose' \(test_assignment.py:\d+\) does not reach any output"
    ):
        build()


@pytest.mark.parametrize("where", ["helper", "lambda", "method"])
def test_a_value_that_is_returned_at_once_is_named_by_the_caller(where: str) -> None:
    class Layers:
        def method(self, x: gn.Node) -> gn.Node:
            return nn.Tanh()(x)

    def helper(x: gn.Node) -> gn.Node:
        return nn.Tanh()(x)

    makers: dict[str, Callable[[gn.Node], gn.Node]] = {
        "helper": helper, "lambda": lambda x: nn.Tanh()(x), "method": Layers().method,
    }  # fmt: skip

    def build() -> gn.GModule:
        x = gn.input()
        squashed = makers[where](x)
        return wrap(x, squashed)

    assert build().names == ("x", "squashed")


def test_layers_of_graphnet_name_their_nodes_themselves() -> None:
    """The line of the user that calls them is where they are, not their name."""

    cell = nn.lstm_cell(3, 4)
    assert [name for name in cell.names if "cell" in name] == []
    assert cell["next_c"].place.startswith("test_assignment.py:")
