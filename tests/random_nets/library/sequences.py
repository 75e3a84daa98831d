"""Layers of sequences and of steps, over all cells; a line each."""

from __future__ import annotations

from itertools import pairwise

from graphnet import nn
from tests.random_nets.choices import Choices
from tests.random_nets.library.writing import Shape, Write, flag, width

CELLS = tuple(nn.CELLS)
"""All of them."""


def cell(c: Choices) -> str:
    return c.one_of(CELLS)


def sequence_options(c: Choices) -> str:
    options = [
        name
        for name in ("reverse=True", "initial='learned'", "truncate=2", "mask_zero=True")
        if c.chance(20)
    ]
    return "".join(f", {option}" for option in options)


def both(c: Choices, s: Shape) -> str:
    size, merge = width(c), c.one_of(("concat", "sum", "mean", "product"))
    cells = ", ".join(f"nn.CELLS[{cell(c)!r}]({s[-1]}, {size})" for _ in range(2))
    return f"nn.Bidirectional({cells}, merge={merge!r})"


def stacked(c: Choices, s: Shape) -> str:
    sizes = [s[-1], *(width(c) for _ in range(c.between(2, 3)))]
    cells = [f"nn.CELLS[{cell(c)!r}]({a}, {b})" for a, b in pairwise(sizes)]
    return f"nn.stack({', '.join(cells)}, dropout={c.one_of((0, 0.3))})"


def torch_layer(name: str) -> Write:
    return lambda c, s: (
        f"nn.{name}({s[-1]}, {width(c)}, num_layers={c.between(1, 2)}, bidirectional={flag(c)})"
    )


SEQUENCES: dict[str, Write] = {
    "Bidirectional": both,
    "GRU": torch_layer("GRU"),
    "LSTM": torch_layer("LSTM"),
    "RNN": torch_layer("RNN"),
    "Recurrent": lambda c, s: (
        f"nn.Recurrent(nn.CELLS[{cell(c)!r}]({s[-1]}, {width(c)}){sequence_options(c)})"
    ),
    "stack": stacked,
}
"""Of (steps, batch, features); they take lengths."""

LOOPED: dict[str, Write] = {
    "SequenceOutputs": lambda c, s: (
        f"nn.SequenceOutputs(nn.Recurrent(nn.CELLS[{cell(c)!r}]({s[-1]}, {width(c)})))"
    ),
    "Sequencer": lambda c, s: (
        f"nn.Sequencer(nn.Recursor(nn.CELLS[{cell(c)!r}]({s[-1]}, {width(c)})))"
    ),
    "Sequencer of a layer": lambda c, s: f"nn.Sequencer(nn.Linear({s[-1]}, {width(c)}))",
}
"""Of (steps, batch, features), without lengths."""

STEPS: dict[str, Write] = {
    "Recursor": lambda c, s: f"nn.Recursor(nn.CELLS[{cell(c)!r}]({s[-1]}, {width(c)}))",
    "Repeater": lambda c, s: (
        f"nn.Repeater(nn.Recursor(nn.CELLS[{cell(c)!r}]({s[-1]}, {width(c)})), {c.between(1, 3)})"
    ),
}
"""Of (batch, features)."""
