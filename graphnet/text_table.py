"""Tables as plain text: aligned columns, and the lines around them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts, the first of them the head; ``html_table`` shows the same in a notebook.

    Columns numbered in ``right`` are aligned to the right. ``before`` and ``after`` are lines
    around the rows. With ``has_total`` the last row sums up the others.
    """

    rows: Sequence[Sequence[str]]
    right: Collection[int] = ()
    before: Sequence[str] = ()
    after: Sequence[str] = ()
    has_total: bool = False

    def lines(self, indent: str = "") -> list[str]:
        """The table as text, a line for each row; what follows the first lines is indented."""
        lines = aligned(self.rows, self.right, indent)
        if self.has_total:
            rule = "-" * len(lines[0])
            lines = [lines[0], rule, *lines[1:-1], rule, lines[-1]]
        return [*self.before, *lines, *(indent + line for line in self.after)]

    def __str__(self) -> str:
        return "\n".join(self.lines())


def aligned(
    rows: Sequence[Sequence[str]], right: Collection[int] = (), indent: str = ""
) -> list[str]:
    """A line for each row: columns two spaces apart, those numbered in ``right`` to the right.

    Lines are as wide as they need to be, in a terminal and in a pipe, and do not end in spaces.

    >>> print("\\n".join(aligned([("node", "size"), ("weight", "12"), ("b", "3")], right=[1])))
    node    size
    weight    12
    b          3
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]

    def line(row: Sequence[str]) -> str:
        cells = [
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        return (indent + "  ".join(cells)).rstrip()

    return [line(row) for row in rows]
