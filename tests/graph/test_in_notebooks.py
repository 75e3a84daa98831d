"""In a notebook nets are pictures, and what prints as a table is one: of anything, without a fault."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphnet as gn
from graphnet import nn, ops
from graphnet.graph.inspection.memory_plan import ArenaPlan, BufferRow, MemoryPlan
from graphnet.graph.inspection.profile import Profile, ProfileRow
from graphnet.graph.inspection.summary import Row, Summary
from graphnet.html_table import html_table
from graphnet.printable import printable
from graphnet.text_table import Table
from tests.support.drawings import renderers_of, texts_of
from tests.support.notebooks import cells_of, html_of, svg_of, words_of

HOSTILE = "<b>&amp;\"'</td><script>\x00\ud800\n漢"


def cell() -> tuple[gn.GModule, list[np.ndarray]]:
    return nn.lstm_cell(3, 4), [np.ones((2, 3)), np.zeros((2, 4)), np.zeros((2, 4))]


def hostile() -> gn.GModule:
    x = gn.input(HOSTILE)
    return gn.GModule(x, nn.Linear(2, 2)(x).annotate(f"{HOSTILE} linear"))


# ---- tables


@settings(max_examples=50, deadline=None)
@given(st.text(), st.booleans())
def test_any_text_stands_in_its_cell_as_it_is(text: str, has_total: bool) -> None:
    table = Table([(text, "head"), ("", text)], [1], [text], [text], has_total)
    assert cells_of(html_table(table)) == [[printable(text), "head"], ["", printable(text)]]


def test_what_prints_as_a_table_shows_the_same_words_in_html() -> None:
    net, _ = cell()
    for shown in (net.parameters(), net.summary((2, 3), (2, 4), (2, 4))):
        rules = [word for word in str(shown).split() if set(word) != {"-"}]
        assert words_of(html_of(shown)) == rules


def test_profile_and_memory_plan_show_the_same_words_in_html() -> None:
    pytest.importorskip("llvmlite")
    net = nn.Recurrent(cell()[0]).compile()
    xs = np.ones((5, 2, 3))
    for shown in (net.profile(xs), net.memory_plan(xs)):
        assert words_of(html_of(shown)) == str(shown).split()


def test_tables_are_readable_on_any_background() -> None:
    net, inputs = cell()
    for shown in (net.parameters(), net.run(inputs)):
        assert "color:" not in html_of(shown)


def test_a_module_without_parameters_says_so_in_text() -> None:
    shown = nn.Tanh().parameters()
    assert (shown._repr_html_(), repr(shown)) == (None, "no parameters")


NOTHING = [
    Summary((), 0, 0),
    Summary((Row(HOSTILE, HOSTILE, HOSTILE, 0, 0),), 0, 0, True),
    Profile((), (), False, 0, (), nn.Tanh()),
    Profile((ProfileRow(HOSTILE, HOSTILE, 0.0, {}),) * 60, (), True, 3, (), nn.Tanh()),
    MemoryPlan((), {}),
    MemoryPlan((ArenaPlan(HOSTILE, 0, (), ()),), {HOSTILE: 0}, (HOSTILE,)),
    MemoryPlan((ArenaPlan("a", 9, ("",), (BufferRow(HOSTILE, 9, 0, 0, 1, ()),) * 50),), {}),
]


@pytest.mark.parametrize("shown", NOTHING, ids=lambda shown: type(shown).__name__)
def test_empty_and_hostile_tables(shown: Any) -> None:
    html = html_of(shown)
    assert "<script" not in html
    assert repr(shown)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e308])
def test_parameters_that_have_gone_wrong(value: float) -> None:
    linear = nn.Linear(3, 2)
    linear.weight[:] = [[value, -value, 0], [0, 0, 0]]
    assert words_of(html_of(linear.parameters())) == repr(linear.parameters()).split()


# ---- runs


def test_a_run_is_a_table_of_its_nodes() -> None:
    net, inputs = cell()
    run = net.run(inputs)
    head, *rows = cells_of(html_of(run))
    assert head == ["node", "shape", "dtype", "mean", "std"]
    assert [row[0] for row in rows] == run.names
    gate = run["forget_gate"]
    row = ["forget_gate", "(2, 4)", "float64", f"{gate.mean():.3g}", f"{gate.std():.3g}"]
    assert row in rows


def test_after_backward_a_run_shows_the_norms_of_gradients() -> None:
    net, inputs = cell()
    run = net.run(inputs)
    run.backward([np.ones((2, 4)), np.ones((2, 4))])
    head, *rows = cells_of(html_of(run))
    assert head[-1] == "gradient norm"
    norms = {row[0]: row[-1] for row in rows}
    for name in ("next_c", "candidate"):
        assert norms[name] == f"{np.linalg.norm(run.grad[name]):.3g}"


def test_a_run_of_tables_integers_and_nothing() -> None:
    x = gn.input("x")
    both = nn.ConcatTable(nn.LookupTable(5, 3), nn.Identity())(x).annotate("both")
    run = gn.GModule(x, both).run(np.array([[1, 2], [3, 4]]))
    run.backward([np.ones((2, 2, 3)), None])
    rows = {row[0]: row[1:] for row in cells_of(html_of(run))}
    assert rows["both[0]"][:2] == ["(2, 2, 3)", "float64"]
    assert rows["both[1]"] == ["(2, 2)", "int64", "2.5", "1.12", ""]
    empty = nn.Sequential(nn.Tanh()).run(np.ones((0, 3)))
    empty.backward(np.ones((0, 3)))
    assert cells_of(html_of(empty))[1] == ["0", "(0, 3)", "float64", "", "", "0"]


def test_a_run_that_kept_nothing_shows_its_outputs() -> None:
    net, inputs = cell()
    run = net.run(inputs, keep=False)
    assert [row[0] for row in cells_of(html_of(run))] == ["node", "output[0]", "output[1]"]
    run.backward([np.ones((2, 4)), np.ones((2, 4))])
    assert "gradient norm" not in html_of(run)


def test_a_run_that_went_wrong_is_shown_all_the_same() -> None:
    run = nn.Sequential(nn.Abs(), nn.Identity()).run(np.array([np.nan, np.inf, 1.0]))
    run.backward(np.array([np.nan, np.inf, 1e300]))
    assert cells_of(html_of(run))[1] == ["0", "(3,)", "float64", "nan", "nan", "nan"]


def test_a_large_run_is_shown_by_a_sample() -> None:
    net = nn.Sequential(nn.Identity())
    values = np.random.default_rng(0).normal(3, 2, size=(300, 1000)).astype(np.float32)
    run = net.run(values)
    run.backward(np.full_like(values, 2))
    shown = html_of(run)
    _, _, _, mean, std, norm = cells_of(shown)[1]
    assert mean[0] == std[0] == norm[0] == "≈"
    assert abs(float(mean[1:]) - 3) < 0.1
    assert abs(float(std[1:]) - 2) < 0.1
    assert float(norm[1:]) == pytest.approx(2 * values.size**0.5, rel=1e-2)
    assert "chosen at random" in shown
    assert html_of(run) == shown


def test_showing_a_run_takes_no_number_from_the_random_generator() -> None:
    run = nn.Sequential(nn.Identity()).run(np.ones((300, 1000)))
    gn.manual_seed(1)
    expected = np.array(nn.Linear(2, 2).weight)
    gn.manual_seed(1)
    html_of(run)
    assert (np.array(nn.Linear(2, 2).weight) == expected).all()


# ---- nets


needs_renderer = pytest.mark.skipif(not renderers_of("svg"), reason="nothing here renders SVG")


@needs_renderer
def test_a_net_is_its_picture() -> None:
    net, _ = cell()
    assert svg_of(net) is not None
    assert {"forget_gate", "next_h", "tanh"} <= set(texts_of(net._repr_svg_()))
    assert repr(net).startswith("GModule(")
    assert svg_of(nn.LSTM(3, 4, num_layers=2)) is not None
    assert svg_of(nn.Sequential(nn.Linear(3, 4), nn.Tanh())) is not None


@needs_renderer
def test_names_are_escaped_in_pictures_and_tables() -> None:
    net = hostile()
    assert svg_of(net) is not None
    shown = printable(f"{HOSTILE} linear")
    assert shown in [row[0] for row in cells_of(html_of(net.run(np.ones(2))))]
    assert f"{shown}.weight" in [row[0] for row in cells_of(html_of(net.parameters()))]
    assert shown in [row[0] for row in cells_of(html_of(net.summary((5, 2))))]


def test_a_layer_without_parts_is_its_text() -> None:
    assert svg_of(nn.Linear(3, 4)) is None
    assert svg_of(nn.MSECriterion()) is None


def chain(length: int) -> gn.GModule:
    x = node = gn.input("x")
    for _ in range(length):
        node = nn.Tanh()(node)
    return gn.GModule(x, node)


@needs_renderer
def test_a_large_net_is_folded_and_a_huge_one_is_its_text() -> None:
    folded = svg_of(chain(1000))
    assert folded is not None
    assert any("nodes are folded" in text for text in folded.itertext())
    assert svg_of(chain(10_000)) is None


class Broken(gn.Module):
    """A user's module with a fault of its own."""

    def compute(self, x: Any) -> Any:
        return ops.tanh(x)

    def description(self) -> str:
        raise RuntimeError("not today")


def test_a_fault_in_a_users_module_leaves_the_text() -> None:
    x = gn.input("x")
    assert svg_of(gn.GModule(x, Broken()(x))) is None
