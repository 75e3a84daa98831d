"""Pictures: what they show, the same bytes each time, folding, wrong arguments."""

import re
import subprocess
import sys

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.drawing import Drawing, draw
from graphnet.errors import GraphError
from graphnet.nn import lstm_cell
from tests.support.blog import BLOG, blog, texts


def chain(length):
    x = node = gn.input("x")
    for _ in range(length):
        node = nn.Tanh()(node)
    return gn.GModule([x], [node.annotate(name="last")])


def edges(drawing):
    """Pairs of ids (the readable ones of the SVG), for each arrow."""
    named = dict(re.findall(r'^\s*(n\d+) \[.* id="([^"]*)"', drawing.source, re.MULTILINE))
    found = re.findall(r"^\s*(n\d+) -> (n\d+)", drawing.source, re.MULTILINE)
    return [(named[a], named[b]) for a, b in found]


def test_blog_example_shows_operations_layer_inputs_and_output():
    drawing = draw(blog())
    shown = texts(drawing)
    for text in ("x1", "x2", "x3", "z", "+", "×", "linear", "Linear 20→10", "weight (10, 20)"):
        assert text in shown
    assert set(edges(drawing)) == {
        ("x1", "z"),
        ("x2", "cmultable"),
        ("x3", "linear"),
        ("linear", "cmultable"),
        ("cmultable", "z"),
        ("z", "output-z"),
    }


def test_lstm_cell_names_gates_and_groups_them():
    drawing = draw(lstm_cell(3, 4))
    shown = texts(drawing)
    for gate in ("input_gate", "forget_gate", "output_gate", "candidate"):
        assert gate in shown
        assert f'tooltip="{gate}"' in drawing.source
    assert drawing.source.count("subgraph cluster_") == 4
    assert shown.count("σ") == 3
    assert shown.count("tanh") == 2
    assert {"x", "prev_c", "prev_h", "next_c", "next_h"} <= set(shown)


def test_shapes_stand_on_the_edges():
    by_rule = draw(blog(), [(5, 10), (5, 10), (5, 20)])
    assert texts(by_rule).count("(5, 20)") == 1
    assert texts(by_rule).count("(5, 10)") == 5
    assert "(5, 10)" not in texts(draw(blog()))


def test_shapes_of_a_run():
    net = blog()
    run = net.run([np.ones((5, 10)), np.ones((5, 10)), np.ones((5, 20))])
    shapes = [(5, 10), (5, 10), (5, 20)]
    assert draw(net, run=run).source == draw(net, shapes).source


def test_one_shape_stands_for_one_input():
    x = gn.input("x")
    net = gn.GModule([x], [nn.Tanh()(x)])
    assert draw(net, (5, 3)).source == draw(net, [(5, 3)]).source
    assert "(7,)" in texts(draw(net, 7))


def test_backward_turns_the_edges_round_and_adds_at_forks():
    x = gn.input("x")
    a, b = nn.Tanh()(x), nn.Sigmoid()(x)
    total = nn.CAddTable()([a, b])
    drawing = draw(gn.GModule([x], [total]), backward=True)
    added = "x-gradients-added"
    assert set(edges(drawing)) == {
        ("grad-total", "grad-total-2"),
        ("grad-total-2", "grad-a"),
        ("grad-total-2", "grad-b"),
        ("grad-a", added),
        ("grad-b", added),
        (added, "grad-output-x"),
    }
    assert {"∂tanh", "∂σ", "∂+", "+", "∂x", "∂total"} <= set(texts(drawing))


def test_backward_of_the_cell_names_gradients():
    shown = texts(draw(lstm_cell(3, 4), [(2, 3), (2, 4), (2, 4)], backward=True))
    assert {"∂forget_gate", "∂i2h", "∂weight (4, 3)", "∂prev_c", "(2, 4)"} <= set(shown)


def test_gradients_of_different_table_entries_are_not_added():
    x = gn.input("x")
    first, second = x.split(2)
    net = gn.GModule([x], [nn.CAddTable()([nn.Tanh()(first), second])])
    assert "gradients added" not in draw(net, backward=True).source


def test_splits_are_dots_and_elements_are_edge_labels():
    x = gn.input("x")
    left, right = x.split(2)
    drawing = draw(gn.GModule([x], [nn.CSubTable()([left, nn.Tanh()(right)])]))
    assert 'class="joint"' in drawing.source
    assert "Element" not in drawing.source
    assert any("[1] right" in text for text in texts(drawing))


def test_order_of_parents_shows_where_it_counts():
    x, y = gn.input("x"), gn.input("y")
    shown = texts(draw(gn.GModule([x, y], [nn.CSubTable()([y, x])])))
    assert {"→ [0]", "→ [1]"} <= {text.strip() for text in shown}
    x, y = gn.input("x"), gn.input("y")
    shown = texts(draw(gn.GModule([x, y], [nn.CAddTable()([y, x])])))
    assert not any("→" in text for text in shown)


def test_nested_graphs_closed_and_opened():
    x, c, h = gn.input("x"), gn.input("c"), gn.input("h")
    layer = lstm_cell(3, 4)([x, c, h])
    next_c, next_h = layer.split(2)
    net = gn.GModule([x, c, h], [next_c, next_h])
    closed, opened = draw(net), draw(net, depth=1)
    assert {"layer", "graph", "24 nodes"} <= set(texts(closed))
    assert "forget_gate" not in texts(closed)
    assert "forget_gate" in texts(opened)
    assert opened.source.count("subgraph cluster_") == 5
    assert ("c", "layer-prev_c") in edges(opened)
    assert ("layer-next_h", "output-next_h") in edges(opened)
    assert 'class="joint"' not in opened.source


def test_shared_parameters_are_marked():
    x = gn.input("x")
    linear = nn.Linear(3, 3)
    once = linear(x)
    twice = linear(once)
    other = nn.Linear(3, 3)(twice)
    drawing = draw(gn.GModule([x], [other]))
    assert texts(drawing).count("shared 1") == 2
    assert "parameters shared with twice" in drawing.source
    cloned = nn.Linear(3, 3)
    x = gn.input("x")
    net = gn.GModule([x], [cloned.clone(share=True)(cloned(x))])
    assert texts(draw(net)).count("shared 1") == 2


def test_annotations_override_and_describe():
    x = gn.input("x")
    attributes = {"fillcolor": "red", "label": "<<B>Y</B>>"}
    y = nn.Tanh()(x).annotate("y", "what it does", attributes)
    drawing = draw(gn.GModule([x], [y]))
    assert "fillcolor=red" in drawing.source
    assert "what it does" in drawing.source
    assert 'fill="red"' in drawing.svg()
    assert "Y" in texts(drawing)


def test_tooltips_have_module_shape_and_line():
    source = draw(blog(), [10, 10, 20]).source
    assert (
        "linear|Linear(20, 10)|output (10,)|weight (10, 20)|bias (10,)|blog.py:6".replace(
            "|", "&#10;"
        )
        in source
    )


def test_sequential_is_a_chain_in_a_cluster():
    net = nn.Sequential(nn.Linear(20, 10), nn.Tanh(), nn.Linear(10, 2))
    drawing = draw(net)
    assert edges(drawing) == [("input", "0"), ("0", "1"), ("1", "2"), ("2", "output-output")]
    assert "Sequential" in texts(drawing)


def test_recurrent_opens_its_cell_and_shows_the_states_returning():
    from graphnet.nn.recurrent.recurrent import Recurrent

    drawing = draw(Recurrent(lstm_cell(3, 4)))
    assert {"Recurrent", "forget_gate"} <= set(texts(drawing))
    assert ("next_c", "prev_c") in edges(drawing)
    assert ("next_h", "prev_h") in edges(drawing)
    assert ("grad-prev_c", "next_c-gradients-added") in edges(
        draw(Recurrent(lstm_cell(3, 4)), backward=True)
    )


@pytest.mark.parametrize(
    "module",
    [nn.Tanh(), nn.Linear(2, 3), nn.ConcatTable(nn.Tanh(), nn.Sigmoid()), nn.Sequential()],
    ids=lambda module: type(module).__name__,
)
def test_any_module_can_be_drawn(module):
    assert "output" in texts(draw(module))
    assert "∂output" in texts(draw(module, backward=True))


def test_the_other_directions():
    for direction in ("LR", "BT", "RL"):
        assert f'rankdir="{direction}"' in draw(blog(), direction=direction).source


def test_same_graph_same_bytes_in_any_process():
    code = BLOG + "import sys; sys.stdout.buffer.write(draw(net, [10, 10, 20]).source.encode())"
    code = f"exec(compile({code!r}, 'blog.py', 'exec'))"
    here = draw(blog(), [10, 10, 20]).source
    assert here == draw(blog(), [10, 10, 20]).source
    for seed in ("1", "2"):
        found = subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            check=True,
        )
        assert found.stdout.decode() == here


def test_no_paths_of_the_machine():
    assert "/" not in draw(lstm_cell(3, 4), [(3,), (4,), (4,)]).source.replace("</", "").replace(
        "/>", ""
    )


def test_a_long_chain_folds_and_says_so():
    net = chain(100_000)
    drawing = draw(net, limit=500)
    assert len(drawing.source) < 5000
    assert "… 99,996 nodes …" in texts(drawing)
    assert "99,996 nodes are folded" in texts(drawing)
    assert len(edges(drawing)) == 6
    assert "… 99,996 nodes …" in texts(draw(net, backward=True))


def test_a_wide_graph_folds_too():
    inputs = [gn.input(f"in{i}") for i in range(2000)]
    net = gn.GModule(inputs, [nn.CAddTable()(inputs)])
    drawing = draw(net, limit=20)
    assert drawing.source.count("->") < 30
    assert any("nodes …" in text for text in texts(drawing))
    drawing = draw(net, limit=20, backward=True)
    assert drawing.source.count("->") < 30


def test_small_graphs_do_not_fold():
    assert "folded" not in draw(chain(100)).source


def test_many_parameters_and_long_names_are_cut():
    x = gn.input("x" * 50_000)
    big = nn.Linear(2, 2)
    for i in range(30):
        setattr(big, f"extra{i}", gn.Parameter((1,)))
    shown = texts(draw(gn.GModule([x], [big(x).annotate(description="d" * 50_000)])))
    assert "and 27 more" in shown
    assert max(map(len, shown)) <= 40


def test_a_node_is_no_net():
    with pytest.raises(
        GraphError, match=r"received the node Tanh(.|\n)*GModule\(inputs, outputs\)"
    ):
        draw(nn.Tanh()())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"direction": "up"}, "direction='up', expected one of TB, LR, BT, RL"),
        ({"depth": -1}, "depth=-1, expected a number from 0"),
        ({"limit": 0}, "limit=0, expected a number from 3"),
        ({"shapes": "wide"}, "shapes='wide', expected the shape of each input"),
        ({"run": 3}, "run=3 of type int, expected a Run"),
        ({"shapes": [3], "run": 3}, "shapes and a run"),
    ],
)
def test_wrong_arguments(options, message):
    with pytest.raises(GraphError, match=re.escape(message)):
        draw(blog(), **options)


def test_wrong_things_to_draw():
    with pytest.raises(GraphError, match="received 3 of type int, expected a GModule"):
        draw(3)
    run = nn.Tanh().run(np.ones(3))
    with pytest.raises(GraphError, match="a run of another module"):
        draw(blog(), run=run)


def test_drawing_is_a_plain_holder_of_text():
    assert Drawing("digraph { a }").render("dot") == b"digraph { a }"
