"""Random graphs without sequences, of all modules in the module table (``tests/module_rows``)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from typing import Any

import numpy as np

from graphnet.graph.values import table
from tests.module_rows import ROWS, Row
from tests.random_nets.choices import Choices
from tests.support.notices import notices_ignored

HEAD = """import numpy as np
import graphnet as gn
from graphnet import nn
from tests.random_nets.graphs import ROWS, table_leaf
"""
Shape = tuple[int, ...]

LEFT_OUT: dict[str, str] = {}
"""What is not drawn, and why."""
BENT = {"Abs", "CMaxTable", "CMinTable", "CReLU", "Clamp", "ELU", "HardTanh", "LeakyReLU"} | {
    "Cosine", "CosineDistance", "Euclidean", "PReLU", "PairwiseDistance", "RReLU", "ReLU",
    "ReLU6", "SoftShrink", "WeightedEuclidean", "MaskZero", "Normalize", "Threshold", "HardShrink",
    "Max", "Min", "SpatialAdaptiveMaxPooling", "SpatialMaxPooling", "TemporalMaxPooling",
}  # fmt: skip
"""What has a kink, or a pole: their inputs get a random array added, so that none meets it."""
STEEP = {"Exp", "Power", "Square"}
"""Their inputs are squashed first."""
NAMES = sorted(set(ROWS) - set(LEFT_OUT))


@dataclass(frozen=True)
class Leaf:
    """An array that a module of a row takes or gives, and what must hold of its numbers."""

    shape: Shape
    is_free: bool = True
    """Whether it may be any array of this shape; else it comes from the row."""
    is_positive: bool = False


def leaves_of(row: Row) -> tuple[list[Leaf], Any]:
    draws, structure = table.flatten(table.map_table(drawn_leaf, row.input))
    return draws, structure


def drawn_leaf(draw: Any) -> Leaf:
    one, other = (np.asarray(draw(np.random.default_rng(seed))) for seed in (0, 1))
    is_special = bool((one == 0).any()) or (one.size > 1 and {*one.flat} <= {-1, 1})
    is_free = one.dtype.kind == "f" and not np.array_equal(one, other) and not is_special
    return Leaf(one.shape, is_free, bool(one.size and one.min() > 0))


@cache
def signature(name: str, number: int) -> tuple[list[Leaf], Any, list[Shape], bool]:
    """Of a row: what it takes, how that is nested, what it gives, and whether that is a table."""
    row = ROWS[name][number]
    taken, structure = leaves_of(row)
    rng = np.random.default_rng(0)
    with notices_ignored():
        outputs = row.make().forward(table.map_table(lambda draw: draw(rng), row.input))
    given = [np.shape(leaf) for leaf in table.flatten(outputs)[0]]
    return taken, structure, given, table.is_table(outputs)


@dataclass
class GraphDraft:
    """The lines of a graph as they grow; ``pool`` has the values by name, with their shapes."""

    choices: Choices
    lines: list[str] = field(default_factory=list)
    pool: dict[str, Shape] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    """Of each input node, the code that draws its array."""
    unread: dict[str, None] = field(default_factory=dict)
    rows: dict[str, str] = field(default_factory=dict)
    numbers: count[int] = field(default_factory=count)

    def new_input(self, array: str) -> str:
        name = f"x{len(self.inputs)}"
        self.lines.append(f"{name} = gn.input()")
        self.inputs[name] = array
        return name

    def add(self, text: str, shape: Shape) -> str:
        name = f"v{next(self.numbers)}"
        self.lines.append(f"{name} = {text}")
        self.put(name, shape)
        return name

    def put(self, name: str, shape: Shape) -> None:
        self.pool[name] = shape
        self.unread[name] = None

    def read(self, name: str) -> str:
        self.unread.pop(name, None)
        return name


def random_graph(choices: Choices) -> str:
    """Python code that makes what that of a cell does, and ``rows``: those of its modules."""
    draft = GraphDraft(choices)
    for _ in range(choices.between(1, 8)):
        name = choices.one_of(NAMES)
        add_row(draft, name, choices.below(len(ROWS[name])))
    inputs, outputs = ", ".join(draft.inputs), ", ".join(draft.unread)
    kind = "float" if choices.chance(15) else "double"
    rows = ", ".join(f"{node}.module: {row}" for node, row in draft.rows.items())
    draft.lines += [
        f"net = gn.GModule([{inputs}], [{outputs}]).{kind}()",
        f"rows = {{{rows}}}",
        "rng = np.random.default_rng(0)",
        f"inputs = [{', '.join(draft.inputs.values())}]",
        "inputs = inputs[0] if len(inputs) == 1 else inputs",
        "named, settings = {}, {}",
    ]
    return HEAD + "\n".join(draft.lines) + "\n"


def add_row(draft: GraphDraft, name: str, number: int) -> None:
    """A node of a row's module, on values that are there where they fit."""
    taken, structure, given, gives_table = signature(name, number)
    row = f"ROWS[{name!r}][{number}]"
    parts = [
        operand(draft, name, leaf, f"np.asarray(table_leaf({row}, {i})(rng))")
        for i, leaf in enumerate(taken)
    ]
    text = written(table.unflatten(structure, parts))
    if table.is_table(ROWS[name][number].input) and len(ROWS[name][number].input) == 1:
        text = f"nn.JustTable()({text[1:-1]})"
    node = f"n{next(draft.numbers)}"
    draft.lines.append(f"{node} = {row}.make()({text})")
    draft.rows[node] = row
    if not gives_table:
        draft.put(node, given[0])
        return
    names = [f"v{next(draft.numbers)}" for _ in given]
    whole = f"nn.FlattenTable()({node})"
    draft.lines.append(f"{', '.join(names)}, = {whole}.split({len(names)})")
    for value, shape in zip(names, given, strict=True):
        draft.put(value, shape)


def operand(draft: GraphDraft, name: str, leaf: Leaf, array: str) -> str:
    """A value for one array that a module takes: one that is there, made to fit, or an input."""
    size = int(np.prod(leaf.shape))
    fitting = [v for v, shape in draft.pool.items() if int(np.prod(shape)) == size]
    if not leaf.is_free or not fitting or draft.choices.chance(20):
        return draft.new_input(array)
    value = draft.read(draft.choices.one_of(fitting))
    if draft.pool[value] != leaf.shape:
        sizes = ", ".join(map(str, leaf.shape))
        value = f"nn.Reshape({sizes}, batch_mode=False)({value})"
    if leaf.is_positive:
        return f"nn.AddConstant(0.2)(nn.MulConstant(0.6)(nn.Sigmoid()({value})))"
    if name in STEEP:
        return f"nn.Tanh()({value})"
    return f"nn.CAddTable()([{value}, {draft.new_input(array)}])" if name in BENT else value


def written(parts: Any) -> str:
    if table.is_table(parts):
        return f"[{', '.join(map(written, parts))}]"
    return str(parts)


def table_leaf(row: Row, index: int) -> Callable[[Any], Any]:
    """The draw of one array that a row takes."""
    found: Callable[[Any], Any] = table.flatten(row.input)[0][index]
    return found
