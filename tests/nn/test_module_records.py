"""Every module of nn as a record: its summary, drawing, shared clone, pickled copy, printed form."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet.graph import Module
from graphnet.graph.values import table
from tests.module_rows import ROWS, Row

CASES = [
    pytest.param(row, id=f"{name}-{number}" if number else name)
    for name, rows in ROWS.items()
    for number, row in enumerate(rows)
]
SAVED = [case for case in CASES if case.id != "Function"]


def drawn(row: Row, rng: np.random.Generator) -> Any:
    return table.map_table(lambda draw: draw(rng), row.input)


def outputs_of(module: Module, inputs: Any) -> list[np.ndarray]:
    return table.flatten(module.seed(1).forward(inputs))[0]


def assert_same(found: list[np.ndarray], expected: list[np.ndarray]) -> None:
    for left, right in zip(found, expected, strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("row", CASES)
def test_drawn_with_its_shapes(row: Row, rng: np.random.Generator) -> None:
    """As a node of a graph, closed and opened; the shapes of its arrays stand on the edges."""
    inputs = drawn(row, rng)
    net = gn.GModule([x := gn.input("x")], [row.make()(x).annotate(name="result")])
    run = net.run(inputs)
    closed, opened = gn.draw(net, run=run).source, gn.draw(net, run=run, depth=2).source
    assert 'tooltip="result' in closed
    assert opened.startswith("digraph")
    leaves = [np.asarray(leaf) for leaf in table.flatten(inputs)[0]]
    if len(leaves) == 1 and not table.is_table(inputs):
        assert str(leaves[0].shape) in closed
        assert str(leaves[0].shape) in opened


@pytest.mark.parametrize("row", CASES)
def test_printed_as_it_is_made(row: Row) -> None:
    module = row.make()
    text = repr(module)
    assert text.splitlines()[0] == module.description()
    assert type(module).__name__ in text or isinstance(module, gn.GModule)
    assert " object at 0x" not in text


@pytest.mark.parametrize("row", CASES)
def test_a_shared_clone_has_the_same_parameters(row: Row, rng: np.random.Generator) -> None:
    module, inputs = row.make(), drawn(row, rng)
    shared, own = module.clone(share=True), module.clone()
    assert_same(outputs_of(shared, inputs), outputs_of(module, inputs))
    for a, b, c in zip(module.parameters(), shared.parameters(), own.parameters(), strict=True):
        assert np.shares_memory(a.data, b.data)
        assert not np.shares_memory(a.data, c.data)


@pytest.mark.parametrize("row", SAVED)
def test_pickled(row: Row, rng: np.random.Generator) -> None:
    module, inputs = row.make(), drawn(row, rng)
    copy = pickle.loads(pickle.dumps(module)).train(module.is_training)
    assert copy.description() == module.description()
    assert_same(outputs_of(copy, inputs), outputs_of(module, inputs))


@pytest.mark.parametrize("row", CASES)
def test_its_summary_counts_its_parameters(row: Row, rng: np.random.Generator) -> None:
    net = gn.GModule([x := gn.input("x")], [row.make()(x).annotate(name="result")])
    leaves, structure = table.flatten(drawn(row, rng))
    shapes = [(leaf.shape, leaf.dtype.type) for leaf in map(np.asarray, leaves)]
    summary = net.summary(nested(structure, iter(shapes)))
    (line,) = (line for line in summary.rows if line.node == "result")
    assert line.parameters == sum(p.data.size for p in net.parameters())
    assert "result" in str(summary)


def nested(structure: Any, leaves: Any) -> Any:
    return next(leaves) if structure is None else [nested(part, leaves) for part in structure]
