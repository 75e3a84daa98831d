"""Sharing: which vertices use the same parameters."""

from __future__ import annotations

from collections.abc import Sequence

from graphnet.drawing.picture.picture import Vertex
from graphnet.graph import Parameter


class Sharing:
    """Sets of vertices that have a parameter in common, numbered in order of appearance."""

    def __init__(self, vertices: Sequence[Vertex]) -> None:
        users: dict[Parameter, list[int]] = {}
        for position, vertex in enumerate(vertices):
            if vertex.module is not None:
                for parameter in vertex.module.parameters():
                    users.setdefault(parameter, []).append(position)
        self.names = [vertex.name for vertex in vertices]
        self.members: list[list[int]] = []
        self.marks: dict[int, int] = {}
        for positions in users.values():
            if len(positions) > 1:
                self._unite(positions)

    def _unite(self, positions: Sequence[int]) -> None:
        mark = next((self.marks[p] for p in positions if p in self.marks), len(self.members))
        if mark == len(self.members):
            self.members.append([])
        for position in positions:
            if position not in self.marks:
                self.marks[position] = mark
                self.members[mark].append(position)

    def mark(self, position: int) -> int | None:
        """The number of the set that a vertex belongs to."""
        return self.marks.get(position)

    def others(self, position: int, most: int = 8) -> list[str]:
        """The names of the vertices that share parameters with this one."""
        if position not in self.marks:
            return []
        names = [self.names[p] for p in self.members[self.marks[position]] if p != position]
        return names[:most] + (["…"] if len(names) > most else [])
