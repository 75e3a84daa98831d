"""The memory plan: what lives at the same time lies apart, totals add up, nodes are named."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphError, ShapeError
from tests.support.cells import OF_EACH_KIND

pytest.importorskip("llvmlite")
LINE = 64


def assert_sound(arena):
    """Buffers in use at the same time do not overlap, and all lie within the arena."""
    calls = len(arena.calls)
    for buffer in arena.buffers:
        assert 0 <= buffer.first <= buffer.last <= calls
        assert buffer.offset % LINE == 0
        assert buffer.offset + buffer.bytes <= arena.bytes
    for one, other in combinations(arena.buffers, 2):
        if one.first <= other.last and other.first <= one.last:
            apart = (
                one.offset + one.bytes <= other.offset or other.offset + other.bytes <= one.offset
            )
            assert apart, (one, other)
    assert arena.most_at_once <= arena.bytes


@pytest.mark.parametrize("name", OF_EACH_KIND)
def test_what_lives_at_the_same_time_lies_apart(name):
    net = nn.Recurrent(nn.CELLS[name](5, 8))
    plan = net.memory_plan((6, 3, 5))
    assert [arena.name for arena in plan.arenas] == ["forward", "backward"]
    for arena in plan.arenas:
        assert_sound(arena)
    assert plan.bytes == sum(arena.bytes for arena in plan.arenas)


def test_an_arena_reuses_memory_and_says_how_much():
    layers = [layer for _ in range(6) for layer in (nn.Linear(64, 64), nn.Tanh())]
    net = nn.Sequential(*layers).evaluate()
    (arena,) = net.memory_plan((32, 64)).arenas
    assert_sound(arena)
    assert arena.bytes < 0.6 * arena.without_reuse
    assert arena.without_reuse == sum(buffer.bytes for buffer in arena.buffers)


def test_the_plan_is_that_of_the_run():
    net = nn.LSTM(5, 8).compile()
    plan = net.memory_plan((6, 3, 5))
    outputs = net.forward(np.ones((6, 3, 5)))
    results = [b for b in plan.arenas[0].buffers if b.last == len(plan.arenas[0].calls)]
    held = {leaf.nbytes for leaf in (outputs[0], outputs[1][0], outputs[1][1])}
    assert held <= {buffer.bytes for buffer in results}


def test_buffers_say_what_they_hold():
    net = nn.LSTM(5, 8)
    plan = net.memory_plan((6, 3, 5))
    held = [buffer.holds for buffer in plan.arenas[0].buffers]
    assert "packed weights of layer1.*.h2h" in held
    assert "packed weights of layer1.*.i2h" in held
    assert "working memory of the scan layer1" in held
    assert "values of layer1.forget_gate at each step" in held
    nodes = {node for buffer in plan.arenas[0].buffers for node in buffer.nodes}
    assert {f"layer1.{gate}.h2h" for gate in ("forget_gate", "input_gate", "candidate")} <= nodes


def held(arena, kind):
    return {node for b in arena.buffers if b.holds.startswith(kind) for node in b.nodes}


def test_backward_holds_gradients():
    forward, backward = nn.LSTM(5, 8).memory_plan((6, 3, 5)).arenas
    assert not held(forward, "gradients")
    assert not held(backward, "values")
    assert {"layer1.forget_gate.i2h", "layer1.forget_gate.h2h"} <= held(backward, "gradients")
    assert any(b.holds.endswith("at each step") for b in backward.buffers)


@pytest.mark.parametrize("size", [5, 200])
def test_a_training_step_holds_values_and_gradients(size):
    """Small parameters lie in one vector, large ones apart."""
    net = nn.Sequential(nn.Linear(6, size), nn.Tanh(), nn.Linear(size, 200))
    step = gn.compile_step(net, nn.MSECriterion(), input_gradients=True)
    (arena,) = step.memory_plan((4, 6), (4, 200)).arenas
    assert "1" in held(arena, "values")
    assert {"0", "2"} <= held(arena, "gradients")
    lasts = [(b.first, b.holds) for b in arena.buffers if b.holds.startswith("values")]
    firsts = [(b.first, b.holds) for b in arena.buffers if b.holds.startswith("gradients")]
    assert min(lasts) < min(firsts)


def test_what_a_run_is_given_is_counted():
    net = nn.Sequential(nn.Linear(4, 3), nn.Dropout(0.5)).float()
    given = net.memory_plan((2, 4)).given
    assert given == {
        "inputs": 2 * 4 * 4,
        "parameters": (3 * 4 + 3) * 4,
        "random numbers": 2 * 3 * 4,
    }


def test_arrays_shapes_and_optional_inputs():
    net = nn.LSTM(5, 8)
    by_shape = net.memory_plan((6, 3, 5), lengths=((3,), int))
    by_array = net.memory_plan(np.ones((6, 3, 5)), lengths=np.array([6, 2, 1]))
    assert str(by_shape) == str(by_array)
    assert by_shape.bytes > net.memory_plan((6, 3, 5)).arenas[0].bytes


def test_nothing_is_computed_and_no_random_number_drawn():
    net = nn.Sequential(nn.Linear(4, 3), nn.Dropout(0.5)).seed(1)
    net.memory_plan((2, 4))
    after = net.generator.random()
    assert after == net.seed(1).generator.random()


def test_the_plan_of_a_training_step():
    net = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 2))
    step = gn.compile_step(net, nn.MSECriterion())
    plan = step.memory_plan((4, 6), (4, 2))
    (arena,) = plan.arenas
    assert arena.name == "training step"
    assert_sound(arena)
    assert plan.given["parameters"] == sum(p.size for p in net.parameters()) * 8
    assert all(not p.grad.any() for p in net.parameters())


def test_the_table():
    plan = nn.LSTM(5, 8).memory_plan((6, 3, 5))
    text = str(plan)
    assert "forward: " in text
    assert "backward: " in text
    assert "█" in text
    arena = plan.arenas[0]
    offsets = [
        int(line.split()[0].replace(",", "")) for line in arena.table("offset").splitlines()[2:]
    ]
    assert offsets == sorted(offsets)
    sizes = [int(line.split()[1].replace(",", "")) for line in arena.table("size").splitlines()[2:]]
    assert sizes == sorted(sizes, reverse=True)
    short = arena.table(limit=3).splitlines()
    assert len(short) == 6
    assert f"and {len(arena.buffers) - 3} smaller buffers" in short[-1]


def test_mistakes():
    net = nn.Linear(4, 3)
    with pytest.raises(ShapeError, match="needs the shape of each input"):
        net.memory_plan()
    with pytest.raises(GraphError, match="cannot be sorted by 'name'"):
        net.memory_plan((2, 4)).table("name")
    with pytest.raises(ShapeError, match="expects an array"):
        net.memory_plan((2, 5))
