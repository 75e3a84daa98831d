"""Random cells: inputs, operations, the next states, and what is shown beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from graphnet import nn
from graphnet.graph.values import table
from tests.random_nets.choices import Choices
from tests.random_nets.operations import grow, squashed
from tests.random_nets.sketch import WIDTHS, Sketch, Value
from tests.support.notices import notices_ignored

WORDS = 6
"""Rows of the tables that whole numbers are looked up in."""

Leaves = tuple[int, ...]
"""What a cell takes at a step: the width of each array, 0 for whole numbers."""


@dataclass(frozen=True)
class Cell:
    """The lines that make a cell, in a variable; widths of its states and of what it shows."""

    name: str
    lines: list[str]
    states: list[int]
    shown: list[int]
    state_names: tuple[str, ...] = ()
    """Those of ``nn.CELLS``; the states of a random cell are s0, s1, …"""

    def named_states(self) -> list[tuple[str, int]]:
        names = self.state_names or [f"s{i}" for i in range(len(self.states))]
        return list(zip(names, self.states, strict=True))


def cell_of_the_library(choices: Choices, numbers: Iterator[int], width: int) -> Cell | None:
    """One of ``nn.CELLS``; None for one with states other than vectors, or without sizes."""
    text = f"nn.CELLS[{choices.one_of(tuple(nn.CELLS))!r}]({width}, {choices.one_of(WIDTHS)})"
    made = eval(text, {"nn": nn})
    states = made.inputs[1:]
    sizes = [getattr(node.module, "size", None) for node in states]
    if not all(isinstance(size, int) for size in sizes):
        return None
    zeros = [np.zeros((1, size)) for size in (width, *sizes)]
    with notices_ignored():
        outputs = table.flatten(made.forward(zeros))[0]
    name = f"cell{next(numbers)}"
    shown = [y.shape[-1] for y in outputs[len(sizes) :]]
    return Cell(name, [f"{name} = {text}"], sizes, shown, tuple(map(made.name_of, states)))


def random_cell(
    choices: Choices, numbers: Iterator[int], leaves: Leaves, most_shown: int = 3
) -> Cell:
    sketch = Sketch(choices, numbers)
    enter(sketch, leaves)
    states = [
        sketch.put(f"s{i}", choices.one_of(WIDTHS))
        for i in range(choices.one_of((1, 2, 2, 3, 1, 4)))
    ]
    sketch.lines += [f"{state.name} = nn.State({state.width})()" for state in states]
    grow(sketch, choices.between(1, 6))
    following = [next_state(sketch, state, states) for state in states]
    shown = shown_by(sketch, choices.below(most_shown + 1))
    tie_up(sketch, following, most_shown, shown)
    name = sketch.new_name("cell")
    inputs, outputs = (", ".join(v.name for v in part) for part in (states, [*following, *shown]))
    lines = [*sketch.lines, f"{name} = gn.GModule([x, {inputs}], [{outputs}])"]
    return Cell(name, lines, [v.width for v in states], [v.width for v in shown])


def enter(sketch: Sketch, leaves: Leaves) -> None:
    """The arrays of a step as values; whole numbers are looked up."""
    sketch.lines.append("x = gn.input()")
    names = ["x"]
    if len(leaves) > 1:
        names = [f"x{i}" for i in range(len(leaves))]
        sketch.lines.append(f"{', '.join(names)} = x.split({len(leaves)})")
    for name, width in zip(names, leaves, strict=True):
        if width:
            sketch.put(name, width)
        else:
            size = sketch.choices.one_of(WIDTHS)
            sketch.add(f"nn.LookupTable({WORDS}, {size})({name})", size)


def next_state(sketch: Sketch, state: Value, states: list[Value]) -> Value:
    width = state.width
    kind = sketch.choices.below(8)
    found = sketch.pick(lambda value: value.width == width and value not in states)
    if kind < 3 and found is not None:
        sketch.read(found)
        return found
    if kind == 7:
        other = sketch.choices.one_of([v for v in states if v.width == width])
        return output(sketch, f"nn.Identity()({sketch.read(other)})", width)
    new = squashed(sketch, sketch.sum(width))
    if kind == 3:
        new = f"0.5 * {sketch.read(state)} + {new}"
    elif kind == 4:
        z = sketch.add(f"nn.Sigmoid()({sketch.sum(width)})", width)
        new = f"{sketch.read(z)} * {sketch.read(state)} + (1 - {z.name}) * {new}"
    elif kind == 5:
        new = f"nn.Zoneout(0.2)([{sketch.read(state)}, {new}])"
    return output(sketch, new, width)


def output(sketch: Sketch, text: str, width: int) -> Value:
    made = sketch.add(text, width)
    sketch.read(made)
    return made


def shown_by(sketch: Sketch, count: int) -> list[Value]:
    shown = [sketch.any() for _ in range(count)]
    for value in shown:
        sketch.read(value)
    return shown


def tie_up(sketch: Sketch, following: list[Value], most_shown: int, shown: list[Value]) -> None:
    """Values that nothing reads are shown, or added to a state."""
    while len(shown) < most_shown and sketch.unread and sketch.choices.chance(30):
        shown.append(next(iter(sketch.unread)))
        sketch.read(shown[-1])
    last = following[-1]
    if rest := sketch.gathered(last.width):
        following[-1] = output(sketch, f"{last.name} + nn.Tanh()({rest})", last.width)
