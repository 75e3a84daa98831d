"""Drawings: what they show, the same bytes each time, every format, any name, folding."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import graphnet as gn
from graphnet import nn
from graphnet.drawing import Drawing, draw
from graphnet.drawing.labels.quoting import (
    html_text,
    identifier,
    printable,
    quoted,
    quoted_tooltip,
    shortened,
)
from graphnet.drawing.rendering.plain import Plain
from graphnet.drawing.rendering.render import render
from graphnet.errors import FormatError, GraphError, GraphnetError
from graphnet.nn.cells import lstm_cell
from tests.support.drawings import renderers_of

SVG = "{http://www.w3.org/2000/svg}"

BLOG = """
import graphnet as gn
from graphnet import nn
from graphnet.drawing import draw
x1, x2, x3 = gn.input(), gn.input(), gn.input()
linear = nn.Linear(20, 10)(x3)
z = x1 + x2 * linear
net = gn.GModule([x1, x2, x3], [z])
"""


def blog():
    space = {}
    exec(compile(BLOG, "blog.py", "exec"), space)
    return space["net"]


def chain(length):
    x = node = gn.input("x")
    for _ in range(length):
        node = nn.Tanh()(node)
    return gn.GModule([x], [node.annotate(name="last")])


def texts(drawing):
    """Everything written in the SVG."""
    root = ElementTree.fromstring(drawing.svg())
    return [(e.text or "").strip() for e in root.iter(SVG + "text")]


def edges(drawing):
    """Pairs of ids (the readable ones of the SVG), for each arrow."""
    named = dict(re.findall(r'^\s*(n\d+) \[.* id="([^"]*)"', drawing.source, re.MULTILINE))
    found = re.findall(r"^\s*(n\d+) -> (n\d+)", drawing.source, re.MULTILINE)
    return [(named[a], named[b]) for a, b in found]


# ---- what the pictures show


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


# ---- the same bytes


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


# ---- formats


@pytest.mark.parametrize(
    ("suffix", "start"),
    [
        ("svg", b"<?xml"),
        ("png", b"\x89PNG"),
        ("pdf", b"%PDF"),
        ("dot", b"digraph"),
        ("gv", b"digraph"),
    ],
)
def test_every_format(tmp_path, suffix, start):
    if suffix in ("png", "pdf") and not renderers_of(suffix):
        pytest.skip("needs the dot program, or pygraphviz and the libraries that it needs")
    path = tmp_path / f"net.{suffix.upper()}"
    drawing = draw(blog())
    drawing.save(path)
    assert path.read_bytes().startswith(start)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert drawing.render(suffix).startswith(start)


def test_rendering_needs_no_programs_and_says_nothing(tmp_path):
    formats = ["svg", *("png", "pdf") * ("pygraphviz" in renderers_of("png"))]
    code = BLOG + f"d = draw(net)\nfor f in {formats}: d.save(f'net.{{f}}')"
    found = subprocess.run(
        [sys.executable, "-c", code], env={"PATH": ""}, cwd=tmp_path, capture_output=True
    )
    assert (found.returncode, found.stdout, found.stderr) == (0, b"", b"")
    assert {p.name for p in tmp_path.iterdir()} == {f"net.{format}" for format in formats}


def test_the_dot_program_is_used_and_a_broken_one_is_not_missed(tmp_path, monkeypatch):
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\necho '<svg xmlns=\"http://www.w3.org/2000/svg\"/>'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert len(draw(blog()).svg()) < 200
    program.write_text("#!/bin/sh\necho broken >&2\nexit 1\n")
    assert "linear" in texts(draw(blog()))


def test_unknown_suffix_lists_the_known_ones(tmp_path):
    with pytest.raises(FormatError, match=r"net\.bmp(.|\n)*\.svg, \.png, \.pdf, \.dot, \.gv"):
        draw(blog()).save(tmp_path / "net.bmp")
    with pytest.raises(FormatError, match="no format 'bmp'"):
        draw(blog()).render("bmp")
    assert not list(tmp_path.iterdir())


def test_attributes_that_graphviz_rejects_give_an_error_with_its_words():
    x = gn.input("x")
    bad = nn.Tanh()(x).annotate(graph_attributes={"label": "<<B>never closed>"})
    with pytest.raises(GraphnetError, match="could not be rendered as svg"):
        render("digraph { a -> }", "svg")
    draw(gn.GModule([x], [bad]))  # the text can be made all the same


def test_notebooks_get_an_svg_element():
    shown = draw(blog())._repr_svg_()
    assert shown.startswith("<svg role=")
    assert ElementTree.fromstring(shown).tag.endswith("svg")
    assert "save" in repr(draw(blog()))


def test_svg_has_ids_and_classes_for_style_sheets():
    svg = draw(lstm_cell(3, 4)).svg()
    ids = [
        e.get("id")
        for e in ElementTree.fromstring(svg).iter()
        if e.get("class", "").startswith("node ")
    ]
    assert "forget_gate-i2h" in ids
    assert len(set(ids)) == len(ids)
    assert 'class="node layer parameters"' in svg
    assert "xlink:title=" in svg


# ---- any name


NASTY = [
    'a"b\\',
    "graph",
    "<b>&amp;",
    "a\nb",
    "\\N\\G",
    "ünïcödé 漢字 🙂",
    "}; x -> y",
    "\x00\x07",
    "\\",
]


@pytest.mark.parametrize("name", NASTY)
def test_nasty_names_are_drawn_as_they_are(name):
    x = gn.input(name)
    y = nn.Linear(2, 2)(x).annotate(name=name + "!", description=name)
    drawing = draw(gn.GModule([x], [nn.Tanh()(y).annotate(name=name + "?")]), [(2,)], title=name)
    shown = "".join(texts(drawing))
    for line in name.split("\n"):
        assert re.sub(r"[\x00\x07]", "\N{REPLACEMENT CHARACTER}", line) in shown


@given(st.text(min_size=1, max_size=30))
@example("\\")
@example("&amp;\\N<")
@example("\t\t")
@settings(max_examples=100, deadline=None)
def test_any_string_survives_as_label_and_tooltip(text):
    strings = f"label={quoted(text)}, tooltip={quoted_tooltip(text)}"
    html = f"<<TABLE><TR><TD>{html_text(text)}</TD></TR></TABLE>>"
    source, plain = (
        f"digraph {{ a [{strings}] b [label={label}] }}" for label in (html, quoted(text))
    )
    root = ElementTree.fromstring(render(source, "svg", lambda: Plain(plain, {})))
    label, table = (
        [e.text or "" for e in group.iter(SVG + "text")]
        for group in root.iter(SVG + "g")
        if group.get("class") == "node"
    )
    title = root.find(f".//{SVG}a").get("{http://www.w3.org/1999/xlink}title")
    assert title.replace("\xa0", " ") == printable(text).replace("\xa0", " ")
    for shown in (label, table):
        assert "".join(shown).split() == "".join(printable(text).split("\n")).split()


@given(st.text())
def test_identifiers_are_plain(text):
    assert re.fullmatch(r"[A-Za-z0-9_-]+", identifier(text))


@given(st.text(max_size=200), st.integers(4, 60))
def test_shortened_is_short(text, longest):
    assert len(shortened(text, longest)) <= longest


# ---- folding


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


# ---- mistakes


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
