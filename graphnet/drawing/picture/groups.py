"""Groups of nodes whose names share a dotted prefix (``gate``, ``gate.i2h``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from graphnet.drawing.picture.picture import Group, Picture

DEEPEST = 6
"""The maximum number of parts of a prefix with a group of its own."""


class Prefixes:
    """The groups of one graph level, by dotted prefix."""

    def __init__(self, picture: Picture, names: Iterable[str], outer: int | None) -> None:
        counts: dict[str, int] = {}
        heads = set()
        for name in names:
            heads.add(name)
            for prefix in prefixes(name):
                counts[prefix] = counts.get(prefix, 0) + 1
        self.outer = outer
        self.heads = heads
        self.groups: dict[str, int] = {}
        for prefix, count in counts.items():  # a prefix comes after the shorter ones it starts with
            if count > 1:
                around = self._innermost(prefix.rpartition(".")[0])
                title = prefix[len(around) + 1 :] if around else prefix
                parent = self.groups[around] if around else outer
                self.groups[prefix] = picture.add_group(Group(title, parent))

    def place(self, name: str) -> tuple[int | None, str, bool]:
        """The group of a name, the rest of the name, and whether the group's title is all of it.

        It is if one of its nodes has the very same name, as a gate does.
        """
        prefix = self._innermost(name)
        if not prefix:
            return self.outer, name, False
        return self.groups[prefix], name[len(prefix) + 1 :], prefix in self.heads

    def _innermost(self, prefix: str) -> str:
        for longer in reversed(list(prefixes(prefix))):
            if longer in self.groups:
                return longer
        return ""


def prefixes(name: str) -> Iterator[str]:
    """``a``, ``a.b``, ``a.b.c`` of ``a.b.c``."""
    end = -1
    for _ in range(DEEPEST):
        end = name.find(".", end + 1)
        if end < 0:
            yield name
            return
        yield name[:end]
