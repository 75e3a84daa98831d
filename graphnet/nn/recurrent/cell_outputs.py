"""Outputs of a cell at each step: its further results, its last state, or one chosen by name."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

from graphnet.errors import GraphError
from graphnet.graph import GModule
from graphnet.graph.values.context import initialising
from graphnet.graph.values.hints import did_you_mean
from graphnet.nn.recurrent.cell_checks import state_names
from graphnet.source import warn

INNER = re.compile(r"(c|cx|cell|cell_state|memory)\d*")
SHOWN = re.compile(r"(h|hx|hidden|hidden_state)\d*")
"""Names of an LSTM's two states, the inner one and the one that is its output."""


def plain_name(name: str) -> str:
    """The name of a state without its step: ``h`` for ``prev_h``, ``next_h``, ``h_new``."""
    return re.sub(r"^(prev|next|new|old|last)_|_(prev|next|new|old|last|t|0|1)$", "", name)


def output_position(
    cell: GModule, output: str | None, owner: str, constants: Collection[str] = ()
) -> int | None:
    """Which of a cell's outputs has a name, ``next_h`` or ``h`` for short; None for no name.

    Raises GraphError if none has, or if several have.
    """
    if output is None:
        return None
    names = [cell.name_of(node) for node in cell.outputs]
    if output in names:
        return names.index(output)
    states = state_names(cell, constants)
    short = [{plain_name(name)} for name in names]
    for also, state in zip(short, states, strict=False):
        also |= {state, plain_name(state)}
    found = [i for i, also in enumerate(short) if output in also]
    if len(found) != 1:
        problem = "gives several outputs" if found else "gives no output"
        guess = did_you_mean(output, [*names, *set().union(*short)]) if not found else ""
        raise GraphError(
            f"{owner} received a cell that {problem} named {output!r}",
            f"{guess}There are: {', '.join(names)}",
        )
    return found[0]


def chosen(results: Sequence[Any], states: int, position: int | None) -> list[Any]:
    """The outputs among the results of a step, whose first ones are the next states."""
    if position is not None:
        return [results[position]]
    return list(results[states:]) or [results[-1]]


def warn_of_inner_output(cell: GModule, owner: str, constants: Collection[str] = ()) -> None:
    """Warn if the output of a cell is its inner state c, as with states in PyTorch's order.

    Nothing is said while a file is loaded.
    """
    states = state_names(cell, constants)
    names = [cell.name_of(node) for node in cell.outputs]
    if len(names) > len(states) or not initialising.get():
        return
    kinds = [{plain_name(s), plain_name(n)} for s, n in zip(states, names, strict=True)]
    hidden = [i for i, kind in enumerate(kinds) if any(map(SHOWN.fullmatch, kind))]
    if hidden and any(map(INNER.fullmatch, kinds[-1])):
        h, c = plain_name(states[hidden[-1]]), plain_name(states[-1])
        warn(
            f"{owner}: the output of this cell is {names[-1]}, its last state. Write output={h!r} "
            f"for {names[hidden[-1]]}, nn.{owner}(cell, output={h!r}), or output={c!r} if "
            f"{names[-1]} is meant."
        )
