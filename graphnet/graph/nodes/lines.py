"""Targets found by the line alone: CPython 3.10 and ``-X no_debug_ranges`` tell no columns."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from types import FrameType

from graphnet.graph.nodes.targets import (
    Target,
    called,
    parsed,
    position_of,
    targets_in,
)

CALLS = (ast.Call, ast.BinOp, ast.UnaryOp, ast.Subscript)


class Source:
    """The targets in the lines of a text; final. Those of its lines are made where asked for."""

    def __init__(self, text: list[str]) -> None:
        self.text = text
        self.at = targets_in("".join(text))
        self._on: dict[int, set[Target]] | None = None
        self._crowded: set[int] | None = None

    def on(self, line: int) -> set[Target]:
        """All targets on a line."""
        if self._on is None:
            found: dict[int, set[Target]] = {}
            for (first, *_), target in self.at.items():
                found.setdefault(first, set()).add(target)
            self._on = found
        return self._on.get(line, set())

    def is_crowded(self, line: int) -> bool:
        """Whether a line has a call or an operator that has no target, and may make a node."""
        if self._crowded is None:
            tree = parsed("".join(self.text))
            nodes = [node for node in ast.walk(tree) if isinstance(node, CALLS)]
            others = {id(part) for node in nodes for part in makes_none(node)}
            self._crowded = {
                node.lineno
                for node in nodes
                if id(node) not in others and position_of(node) not in self.at
            }
        return line in self._crowded


def makes_none(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of ``nn.Linear(3, 2 * size)``, which is called, and what only takes a node."""
    if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
        yield node
    elif isinstance(node, ast.Call):
        if isinstance(node.func, ast.Call):
            yield from ast.walk(node.func)
        elif called(node) in ("append", "list", "tuple"):
            yield node
        elif called(node) == "annotate":
            yield node
            for argument in (*node.args, *node.keywords):
                yield from ast.walk(argument)


def target_of(frame: FrameType, source: Source, is_stored: bool) -> Target | None:
    """The only target on the line that runs in a frame, if that is what the running call has.

    ``is_stored`` says that its value goes to a variable next; else the line must have no other.
    """
    line = frame.f_lineno
    found = source.on(line)
    if len(found) == 1:
        return next(iter(found)) if is_stored or not source.is_crowded(line) else None
    return among(frame, source) if found else None


if sys.version_info >= (3, 11):

    def among(frame: FrameType, source: Source) -> Target | None:
        """Of several targets on a line none is certain."""
        return None

else:

    def among(frame: FrameType, source: Source) -> Target | None:
        """Of several targets on a line that of the running call, which a library finds.

        It compares the instructions with those of each expression, which takes long.
        """
        from executing import Source as Executing

        node = Executing.executing(frame).node
        return None if node is None else source.at.get(position_of(node))
