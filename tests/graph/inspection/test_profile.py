"""The profile: times by node add up, every node is there, and nothing changes by looking."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphError
from graphnet.graph.inspection.executed import executed
from graphnet.native import compiled
from graphnet.native.analysis.attribution import Attribution, walk
from tests.support.cells import OF_EACH_KIND
from tests.support.notices import notices_ignored
from tests.support.processes import python

needs_llvm = pytest.mark.skipif(not find_spec("llvmlite"), reason="compiles")


def nodes_of(net, x):
    """The paths of all nodes that compute something, by the traced program."""
    program = executed(net.run(x, keep=False)).traced.program
    return {e.origin.path for e in walk(program) if e.origin and e.origin.path}


def assert_whole(profile):
    """Times by node, by stage and in all are the same seconds."""
    assert profile.total == pytest.approx(sum(profile.by_node.values()))
    for row in profile.rows:
        assert row.seconds == pytest.approx(sum(row.by_stage.values()))
        assert row.seconds >= 0
        assert set(row.by_stage) <= set(profile.stages)
    assert profile.inside("") == pytest.approx(profile.total)


@pytest.mark.parametrize("name", OF_EACH_KIND)
@needs_llvm
def test_every_node_of_a_cell_appears(name, rng):
    net = nn.Recurrent(nn.CELLS[name](5, 8)).compile()
    x = rng.normal(size=(6, 3, 5))
    profile = net.profile(x, repeats=2)
    assert profile.is_compiled
    assert profile.stages == ("forward", "backward")
    assert set(profile.by_node) - {""} == nodes_of(net, x)
    assert_whole(profile)


@needs_llvm
def test_products_that_passes_join_count_for_the_nodes_of_their_weights(rng):
    net = nn.LSTM(32, 32).compile()
    profile = net.profile(rng.normal(size=(10, 8, 32)), repeats=3)
    gates = ("forget_gate", "input_gate", "candidate", "output_gate")
    for part in ("i2h", "h2h"):
        times = [profile.by_node[f"layer1.{gate}.{part}"] for gate in gates]
        assert min(times) > 0
        assert max(times) == pytest.approx(min(times))
    within = [time for path, time in profile.by_node.items() if path.startswith("layer1")]
    assert profile.inside("layer1") == pytest.approx(sum(within))
    assert profile.inside("forget_gate") > profile.by_node["layer1.forget_gate"]


@needs_llvm
def test_a_step_of_a_sequence_is_divided_by_measurement(rng):
    """Each product has counters of its own; a loop over several equations counts evenly."""
    h, c = nn.State(64)(), nn.State(64)()
    x = gn.input("x")
    large = nn.Linear(64, 64)(h).annotate(name="large")
    small = nn.Linear(64, 64)(nn.Tanh()(large)).annotate(name="after")
    total = nn.CAddTable()([x, small, c]).annotate(name="total")
    cell = gn.GModule([x, h, c], [total, nn.Sigmoid()(total).annotate(name="gate")])
    net = nn.Recurrent(cell, output="gate").compile()
    profile = net.profile(rng.normal(size=(20, 64, 64)), repeats=3)
    products = [profile.by_node[name] for name in ("large", "after")]
    assert min(products) > 0
    assert products[0] != products[1]
    assert profile.by_node["total"] > 0
    assert profile.by_node["gate"] > 0


def test_the_interpreter_is_profiled_too(rng):
    net = nn.LSTM(5, 8)
    x = rng.normal(size=(6, 3, 5))
    profile = net.profile(x, repeats=2)
    assert not profile.is_compiled
    assert nodes_of(net, x) <= set(profile.by_node)
    assert min(profile.by_node[path] for path in nodes_of(net, x) if path.endswith("h2h")) > 0
    assert_whole(profile)


def test_evaluation_profiles_forward_alone(rng):
    profile = nn.Linear(4, 3).evaluate().profile(rng.normal(size=(2, 4)), repeats=1)
    assert profile.stages == ("forward",)
    assert list(profile.by_node) == [""]
    assert_whole(profile)


@pytest.mark.parametrize("compile", [False, pytest.param(True, marks=needs_llvm)])
def test_looking_changes_nothing(compile, rng):
    x = rng.normal(size=(4, 6))
    net = nn.Sequential(nn.Linear(6, 5), nn.Dropout(0.5)).seed(1).compile(compile)
    expected = net.forward(x)
    net.seed(1).profile(x, repeats=2)
    np.testing.assert_array_equal(net.forward(x), expected)
    assert not any(p.grad.any() for p in net.parameters())


@needs_llvm
def test_remembered_states_stay_as_they_are(rng):
    net = nn.Recurrent(nn.lstm_cell(5, 8), remembers="both").compile()
    x = rng.normal(size=(6, 3, 5))
    other = net.clone().compile()
    for one in (net, other):
        one.forward(x)
    net.profile(x, repeats=2)
    np.testing.assert_array_equal(net.forward(x)[0], other.forward(x)[0])


@needs_llvm
def test_a_training_step(rng):
    net = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 2))
    step = gn.compile_step(net, nn.MSECriterion())
    x, y = rng.normal(size=(4, 6)), rng.normal(size=(4, 2))
    profile = step.profile(x, y, repeats=2)
    assert profile.stages == ("training step",)
    assert {"0", "1", "2"} <= set(profile.by_node)
    assert next(row.module for row in profile.rows if not row.path) == "MSECriterion"
    assert_whole(profile)
    assert not any(p.grad.any() for p in net.parameters())


def test_the_table_and_its_orders(rng):
    profile = nn.LSTM(5, 8).profile(rng.normal(size=(6, 3, 5)), repeats=1)
    seconds = [row.seconds for row in profile.rows]
    assert seconds == sorted(seconds, reverse=True)
    paths = [row.path for row in profile.sorted("path").rows]
    assert paths == sorted(paths)
    ordered = [row.path for row in profile.sorted("order").rows]
    assert ordered.index("layer1.forget_gate") < ordered.index("layer1.next_h")
    text = str(profile)
    assert ("faster: net.compile()" in text) == bool(find_spec("llvmlite"))
    assert "layer1.forget_gate.h2h  Linear" in text
    assert "█" in text
    with pytest.raises(GraphError, match="cannot be sorted by 'name'"):
        profile.sorted("name")
    with pytest.raises(GraphError, match="0 runs"):
        nn.Tanh().profile(np.ones(3), repeats=0)


@needs_llvm
def test_shares_of_every_equation_sum_to_one():
    for name in OF_EACH_KIND:
        net = nn.Recurrent(nn.CELLS[name](5, 8))
        traced = executed(net.run(np.ones((6, 3, 5)), keep=False)).traced
        derivative = traced.differentiated()
        weights = [var for var, _ in traced.parameters()]
        for program, held in ((derivative.forward, weights), (derivative.backward, [])):
            rewritten = compiled(program)
            attribution = Attribution(program, rewritten, held)
            for equation in walk(rewritten):
                assert sum(attribution.shares(equation).values()) == pytest.approx(1)


WITHOUT = """
import sys, warnings
sys.modules['llvmlite'] = None
warnings.simplefilter("ignore")
import numpy as np
import graphnet as gn
from graphnet import nn
net = nn.LSTM(5, 8).compile()
profile = net.profile(np.ones((6, 3, 5)), repeats=1)
assert not profile.is_compiled and profile.by_node["layer1.forget_gate.h2h"] > 0
assert "in the interpreter (llvmlite is not installed)" in str(profile)
step = gn.compile_step(nn.Linear(3, 2), nn.MSECriterion())
assert step.profile(np.ones((4, 3)), np.ones((4, 2)), repeats=1).total > 0
for plan in (lambda: net.memory_plan((6, 3, 5)), lambda: step.memory_plan((4, 3), (4, 2))):
    try:
        plan()
    except gn.GraphnetError as error:
        print(str(error).splitlines()[0])
"""


def test_without_llvmlite_profiles_are_of_the_interpreter_and_plans_say_what_is_missing():
    lines = python(WITHOUT).splitlines()
    assert len(lines) == 2
    assert all("needs llvmlite" in line for line in lines)


def fill_of(source, name):
    (line,) = [line for line in source.splitlines() if f'id="{name}"' in line]
    return line.split('fillcolor="')[1].split('"')[0]


def test_a_profile_colours_a_drawing(rng):
    cell = nn.lstm_cell(64, 64)
    shapes = [(16, 64)] * 3
    profile = cell.profile([rng.normal(size=shape) for shape in shapes], repeats=2)
    drawing = gn.draw(cell, shapes, overlay=profile)
    share = profile.by_node["candidate.h2h"] / profile.total
    assert f"{share:.1%} of the whole" in drawing.source
    numbers = {"candidate.h2h": 3.0, "candidate.i2h": 1.0}
    source = gn.draw(cell, overlay=numbers).source
    assert fill_of(source, "candidate-h2h") == "#F08E48"
    assert fill_of(source, "forget_gate-h2h") == "#FFFFFF"
    assert "75.0%" in source
    closed = gn.draw(nn.LSTM(3, 4), overlay={"layer1.forget_gate.h2h": 1.0, "h_n": 1.0})
    assert fill_of(closed.source, "layer1") == "#F08E48"


def test_overlays_that_do_not_fit(rng):
    cell = nn.lstm_cell(3, 4)
    other = nn.Linear(3, 4).profile(rng.normal(size=(2, 3)), repeats=1)
    wrong = [
        ([1, 2], "expected a profile or numbers"),
        ({"nonsense": 1.0}, r"overlay of 'nonsense', expected paths of nodes\n.*forget_gate"),
        (other, r"a profile of another module than the one to draw\n.*profile\.net"),
    ]
    for overlay, message in wrong:
        with pytest.raises(GraphError, match=message):
            gn.draw(cell, overlay=overlay)
    assert "Linear" in gn.draw(other.net, overlay=other).source


UNKNOWN = [
    ("nonsense", r"^The profile has no node named 'nonsense'\n  There are: layer1, [^:]* more\.$"),
    ("forget_gat", r"named 'forget_gat'\n  Did you mean forget_gate\?$"),
    ("h2h", r"'h2h' names 4 nodes"),
]


@pytest.mark.parametrize(("name", "message"), UNKNOWN)
def test_nodes_that_a_profile_does_not_have(name, message, rng):
    profile = nn.LSTM(5, 8).profile(rng.normal(size=(6, 3, 5)), repeats=1)
    with pytest.raises(GraphError, match=message):
        profile.inside(name)


@needs_llvm
def test_a_sequence_that_stays_with_the_interpreter(rng):
    """Its steps are pieces of machine code around what has no rule."""
    x, h = gn.input("x"), nn.State(8)()
    odd = nn.Function(np.tanh, lambda x, y, g: g * (1 - y * y))(h).annotate(name="odd")
    total = nn.CAddTable()([nn.Linear(5, 8)(x).annotate(name="i2h"), odd]).annotate(name="total")
    gate = nn.Sigmoid()(nn.Linear(8, 8)(total).annotate(name="h2h")).annotate(name="gate")
    net = nn.Recurrent(gn.GModule([x, h], [gate])).compile()
    xs = rng.normal(size=(6, 3, 5))
    with notices_ignored():
        profile = net.profile(xs, repeats=2)
        plan = net.memory_plan(xs)
    assert set(profile.by_node) - {""} == nodes_of(net, xs)
    assert min(profile.by_node[name] for name in ("odd", "i2h", "h2h", "gate")) > 0
    assert_whole(profile)
    assert any("'odd'" in text for text in plan.interpreted)
