"""Summaries: sizes, shapes and counts of every part, without a run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import DtypeError, ShapeError


def blog() -> gn.GModule:
    """z = x1 + x2 * linear(x3), the example of the nngraph announcement."""
    x1, x2, x3 = gn.input(), gn.input(), gn.input()
    linear = nn.Linear(20, 10)(x3)
    z = nn.CAddTable()([x1, nn.CMulTable()([x2, linear])])
    return gn.GModule([x1, x2, x3], [z])


def test_a_summary_takes_arrays_and_bare_modules() -> None:
    assert "(5, 2)" in str(nn.Linear(3, 2).summary(np.ones((5, 3))))
    with pytest.raises(ShapeError, match="A summary needs the shape of each input"):
        blog().summary()


def test_a_summary_says_that_a_net_is_compiled() -> None:
    pytest.importorskip("llvmlite")
    net = nn.Linear(3, 2)
    assert "compiled" not in str(net.summary((5, 3)))
    assert str(net.compile().summary((5, 3))).splitlines()[-1].startswith("compiled: ")


def test_the_summary_comes_from_shapes_alone() -> None:
    summary = nn.lstm_cell(1000, 2000).summary((64, 1000), (64, 2000), (64, 2000))
    assert summary.parameters == 4 * (1000 * 2000 + 2000 * 2000 + 2 * 2000)
    assert summary.multiply_adds == 64 * 4 * (1000 * 2000 + 2000 * 2000)
    rows = {row.node: row for row in summary.rows}
    assert rows["forget_gate.i2h"].output == "(64, 2000)"
    assert rows["forget_gate.i2h"].multiply_adds == 64 * 1000 * 2000
    assert rows["forget_gate"].multiply_adds == 0
    assert "multiply-adds" in str(summary)


def test_the_summary_of_a_container_counts_what_is_inside() -> None:
    x = gn.input()
    body = nn.Sequential(nn.Linear(3, 4), nn.Sequential(nn.Linear(4, 5)))(x)
    summary = gn.GModule(x, nn.Tanh()(body)).summary((2, 3))
    costs = {row.node: row.multiply_adds for row in summary.rows}
    assert (costs["body"], costs["body.0"], costs["body.1"], costs["tanh"]) == (64, 24, 40, 0)
    assert summary.multiply_adds == 64


def test_the_summary_shows_modules_made_inside_compute() -> None:
    class Inline(gn.Module):
        def compute(self, x: Any) -> Any:
            return nn.Tanh()(x) * 2.0

    x = gn.input()
    summary = gn.GModule(x, Inline()(x)).summary((3,))
    assert [row.node for row in summary.rows] == ["x", "inline.tanh", "inline"]


def test_the_summary_counts_the_steps_of_a_sequence() -> None:
    net = nn.Recurrent(nn.lstm_cell(2, 3))
    assert net.summary((7, 4, 2), (4, 3), (4, 3)).multiply_adds == 7 * 4 * 4 * (2 * 3 + 3 * 3)


WORDS = [((7, 4), int), (((7, 4), int),), ((7, 4), np.int32), ((7, 4), "int64")]


@pytest.mark.parametrize("shapes", WORDS, ids=str)
def test_a_dtype_may_follow_a_shape(shapes: Any) -> None:
    net = nn.Sequential(nn.LookupTable(10, 3), nn.Linear(3, 2))
    assert "(7, 4, 2)" in str(net.summary(*shapes))
    assert str(net.summary(*shapes)) == str(net.summary((7, 4), dtype=int))


def test_a_dtype_is_that_of_the_shape_before_it() -> None:
    net = nn.ParallelTable(nn.Linear(3, 2), nn.LookupTable(10, 3))
    text = str(net.summary((5, 3), (7, 4), int))
    assert "(5, 2)" in text
    assert "(7, 4, 3)" in text


def test_indices_ask_for_their_dtype() -> None:
    net = nn.Sequential(nn.LookupTable(10, 3), nn.Linear(3, 2))
    asked = (
        r"^LookupTable '0' expects integer indices.*\n.*\n.*\n.* may follow it: \(\(7, 4\), int\)"
    )
    with pytest.raises(DtypeError, match=asked):
        net.summary((7, 4))
    with pytest.raises(ShapeError, match="A summary needs the shape"):
        net.summary(int)
