"""Profile: where the time of a run goes, by node; the table of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from graphnet.errors import GraphError
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.values.selection import full_path
from graphnet.html_table import html_table
from graphnet.native import is_available
from graphnet.text_table import Table

BAR = 24
"""Characters of the longest bar."""
SHOWN = 50
"""How many nodes the table shows."""


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """One node: its path, module, seconds, and those of each stage of the run."""

    path: str
    module: str
    seconds: float
    by_stage: Mapping[str, float]


@dataclass(frozen=True)
class Profile:
    """Seconds by node; ``print`` it. The rows are sorted by time, see ``sorted``.

    What passes fused into another node takes no time of its own. What belongs to no single node
    counts for the one around (``layer1``), or for the whole net, whose path is empty.
    """

    rows: tuple[ProfileRow, ...]
    stages: tuple[str, ...]
    is_compiled: bool
    repeats: int
    order: tuple[str, ...]
    net: BaseModule = field(compare=False)
    """What was profiled."""

    @property
    def total(self) -> float:
        """Seconds of the whole run, on one thread."""
        return sum(row.seconds for row in self.rows)

    @property
    def by_node(self) -> dict[str, float]:
        """Seconds by the path of the node."""
        return {row.path: row.seconds for row in self.rows}

    def inside(self, name: str) -> float:
        """Seconds of a node and of all nodes within it, by its path or the end of it."""
        path = full_path(name, self._looked_into(), "The profile", "") if name else ""
        prefix = f"{path}." if path else ""
        return sum(r.seconds for r in self.rows if r.path == path or r.path.startswith(prefix))

    def _looked_into(self) -> list[str]:
        """The paths that ``inside`` takes, the outermost first."""
        paths = with_outer(row.path for row in self.rows if row.path)
        return sorted(paths, key=lambda path: path.count("."))

    def sorted(self, by: str = "time") -> Profile:
        """The same with rows by ``time``, by ``path``, or in the ``order`` of computation."""
        keys: dict[str, Callable[[ProfileRow], Any]] = {
            "time": lambda row: -row.seconds,
            "path": lambda row: row.path,
            "order": lambda row: self.order.index(row.path),
        }
        if by not in keys:
            raise GraphError(f"A profile cannot be sorted by {by!r}", f"By {', '.join(keys)}.")
        return replace(self, rows=tuple(sorted(self.rows, key=keys[by])))

    def __str__(self) -> str:
        return str(table_of(self))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return html_table(table_of(self))


def with_outer(paths: Iterable[str]) -> list[str]:
    """These paths, and those of the nodes around them."""
    words = [path.split(".") for path in paths]
    return list(dict.fromkeys(".".join(w[:n]) for w in words for n in range(1, len(w) + 1)))


def table_of(profile: Profile) -> Table:
    advice = "faster: net.compile()" if is_available() else "llvmlite is not installed"
    how = "compiled" if profile.is_compiled else f"in the interpreter ({advice})"
    times = f"median of {profile.repeats} run{'s' * (profile.repeats > 1)}"
    unit, factor = ("ms", 1e3) if profile.total >= 1e-3 else ("µs", 1e6)
    head = f"{profile.total * factor:.3f} {unit} on one thread, {how}; {times}"
    stages = profile.stages if len(profile.stages) > 1 else ()
    rows = [["node", "module", *(f"{stage} {unit}" for stage in stages), unit, "share", ""]]
    longest = max((row.seconds for row in profile.rows), default=0.0) or 1.0
    for row in profile.rows[:SHOWN]:
        parts = [f"{row.by_stage.get(stage, 0.0) * factor:.3f}" for stage in stages]
        share = row.seconds / (profile.total or 1.0)
        path = row.path or "(no node)"
        times_of_row = [*parts, f"{row.seconds * factor:.3f}", f"{share:.1%}"]
        rows.append([path, row.module, *times_of_row, "█" * round(BAR * row.seconds / longest)])
    hidden = profile.rows[SHOWN:]
    rest = f"{sum(row.seconds for row in hidden) * factor:.3f} {unit}"
    after = [f"and {len(hidden)} more nodes, {rest} together"] if hidden else []
    return Table(rows, range(2, len(rows[0]) - 1), [head], after)
