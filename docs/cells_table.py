"""The table of all cells: name, states, equations and paper, from the docstrings and the cells."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator

from graphnet.nn.cells import FUNCTIONS

PAPER = re.compile(
    r"(?:Van der )?[A-Z]\w+(?: AI)?(?: et al\.| & (?:von )?[A-Z]\w+)? (?:19|20)\d\d"
    r'(?:, "[^"]+")?|doi:[\w./]*\w'
)
"""``Sak et al. 2014, "Long short-term memory …"``, with a title or without; or a DOI alone."""
REFERENCE = re.compile(r"``(\w+_cell\w*)``")
SIZES = {"lstm_cell_projected": (2,)}


def page() -> str:
    """The page, as reStructuredText."""
    title = f"All {len(FUNCTIONS)} cells"
    lines = [title, "=" * len(title), "", ".. currentmodule:: graphnet.nn", ""]
    lines += [
        "A cell maps an input x and its states to the next states. σ stands for its ``gate``, tanh "
        "for its ``squash``; W x stands for a product and, unless it is said otherwise, a bias. A "
        "prime marks the next value of a state. What is shown at each step is the last output.",
        "",
    ]
    for name in sorted(FUNCTIONS):
        lines += entry(name)
    return "\n".join(lines) + "\n"


def entry(name: str) -> Iterator[str]:
    """One cell: its name and states, its first sentence, its equations, its paper."""
    text = inspect.cleandoc(FUNCTIONS[name].__doc__ or "")
    yield f":func:`{name}`, {states(name)}"
    yield f"   {text.splitlines()[0]}"
    yield ""
    found = equations(text)
    if found:
        yield "   ::"
        yield ""
        yield textwrap.indent(found, "      ")
        yield ""
    for paper in papers(text):
        yield f"   {paper}"
        yield ""


def states(name: str) -> str:
    """``states c, h``: the names that the cell itself gives them."""
    cell = FUNCTIONS[name](3, 4, *SIZES.get(name, ()))
    names = [cell.name_of(node).removeprefix("prev_") for node in cell.inputs[1:]]
    return f"{'state' if len(names) == 1 else 'states'} {', '.join(names)}"


def equations(text: str) -> str:
    """The indented block after the first ``::``, empty if there is none."""
    _, mark, rest = text.partition("::\n\n")
    if not mark:
        return ""
    block = re.split(r"\n\n(?=\S)", rest, maxsplit=1)[0]
    return textwrap.dedent(block).rstrip()


def papers(text: str) -> list[str]:
    """The papers that a docstring names, and the cell whose equations it shares."""
    plain = " ".join(text.split())
    same = [f"See :func:`{name}`." for name in dict.fromkeys(REFERENCE.findall(plain))]
    return [*dict.fromkeys(PAPER.findall(plain)), *same]
