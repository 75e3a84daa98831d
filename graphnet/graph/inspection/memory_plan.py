"""Memory plans: buffer assignment in the arena of a compiled run, with lifetimes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphnet.errors import GraphError
from graphnet.html_table import html_lines, html_table
from graphnet.text_table import Table

COLUMNS = 40
"""Characters that show when a buffer is in use."""
SHOWN = 40
"""How many buffers the table of an arena shows."""
ORDERS = ("time", "offset", "size")


@dataclass(frozen=True, slots=True)
class BufferRow:
    """A buffer: bytes, offset in the arena, the first and the last call that use it."""

    holds: str
    bytes: int
    offset: int
    first: int
    last: int
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ArenaPlan:
    """One arena: of the forward program, the backward program, or a whole training step.

    ``calls`` says what each call computes; ``buffers`` whose ``last`` is their number are results.
    """

    name: str
    bytes: int
    calls: tuple[str, ...]
    buffers: tuple[BufferRow, ...]

    @property
    def without_reuse(self) -> int:
        """Bytes that the buffers would need if none took the place of another."""
        return sum(buffer.bytes for buffer in self.buffers)

    @property
    def most_at_once(self) -> int:
        """Bytes of the buffers in use at the same time: no arena can be smaller."""
        return max(
            (
                sum(b.bytes for b in self.buffers if b.first <= call <= b.last)
                for call in range(len(self.calls))
            ),
            default=0,
        )

    def table(self, order: str = "time", limit: int = SHOWN) -> str:
        """The buffers by the ``time`` of their first use, their ``offset``, or their ``size``."""
        return "\n".join(arena_table(self, order, limit).lines("  "))


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """The arenas of a run, and what it is given; ``print`` it.

    ``interpreted`` names what runs interpreted, whose arrays are in no arena.
    """

    arenas: tuple[ArenaPlan, ...]
    given: Mapping[str, int]
    """Bytes of ``inputs``, ``parameters``, ``random numbers``, ``remembered states``."""
    interpreted: tuple[str, ...] = ()

    @property
    def bytes(self) -> int:
        """Of all arenas."""
        return sum(arena.bytes for arena in self.arenas)

    def table(self, order: str = "time", limit: int = SHOWN) -> str:
        """All arenas: see ``ArenaPlan.table``."""
        return "\n".join(plan_lines(self, order, limit))

    def __str__(self) -> str:
        return self.table()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        arenas = [html_table(arena_table(arena, "time", SHOWN)) for arena in self.arenas]
        return "".join([*arenas, html_lines(last_lines(self))])


# ---- text


def plan_lines(plan: MemoryPlan, order: str, limit: int) -> Iterator[str]:
    for arena in plan.arenas:
        yield from arena_table(arena, order, limit).lines("  ")
        yield ""
    yield from last_lines(plan)


def last_lines(plan: MemoryPlan) -> Iterator[str]:
    """What holds for all arenas."""
    together = sum(arena.without_reuse for arena in plan.arenas)
    yield f"arenas {size_text(plan.bytes)}; {size_text(together)} if no buffer took another's place"
    yield ", ".join(f"{name} {size_text(size)}" for name, size in plan.given.items())
    if plan.interpreted:
        yield f"interpreted, outside of the arenas: {', '.join(plan.interpreted)}"


def arena_table(arena: ArenaPlan, order: str, limit: int) -> Table:
    if order not in ORDERS:
        raise GraphError(f"A memory plan cannot be sorted by {order!r}", f"By {', '.join(ORDERS)}.")
    count = len(arena.calls)
    head = (
        f"{arena.name}: {size_text(arena.bytes)} for {len(arena.buffers)} buffers over {count} "
        f"calls; {size_text(arena.without_reuse)} without reuse, "
        f"{size_text(arena.most_at_once)} in use at most"
    )
    largest = sorted(arena.buffers, key=lambda buffer: -buffer.bytes)[:limit]
    keys: dict[str, Any] = {
        "time": lambda buffer: (buffer.first, buffer.offset),
        "offset": lambda buffer: (buffer.offset, buffer.first),
        "size": lambda buffer: (-buffer.bytes, buffer.offset),
    }
    rows = [["offset", "bytes", "calls", when_head(count), "holds"]]
    for buffer in sorted(largest, key=keys[order]):
        last = "end" if buffer.last >= count else str(buffer.last)
        calls = f"{buffer.first}-{last}"
        when = picture(buffer, count)
        rows.append([f"{buffer.offset:,}", f"{buffer.bytes:,}", calls, when, buffer.holds])
    hidden = len(arena.buffers) - len(largest)
    rest = size_text(arena.without_reuse - sum(buffer.bytes for buffer in largest))
    after = [f"and {hidden} smaller buffers, {rest} together"] if hidden else []
    return Table(rows, right=(0, 1, 2), before=[head], after=after)


def when_head(calls: int) -> str:
    """What a column of the picture means."""
    each = -(-calls // COLUMNS)
    return "in use" if each <= 1 else f"in use (a column is {each} calls)"


def picture(buffer: BufferRow, calls: int) -> str:
    """The lifetime of a buffer as a bar over the calls."""
    each = max(-(-calls // COLUMNS), 1)
    columns = -(-calls // each)
    first, last = buffer.first // each, min(buffer.last, calls - 1) // each
    return "".join("█" if first <= column <= last else "·" for column in range(columns))


def size_text(size: float) -> str:
    """Human-readable byte count."""
    units = ["bytes", "KiB", "MiB", "GiB"]
    while size >= 1024 and len(units) > 1:
        size /= 1024
        units.pop(0)
    return f"{size:,.0f} bytes" if units[0] == "bytes" else f"{size:,.1f} {units[0]}"
