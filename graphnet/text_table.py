"""Aligned columns of plain text, for whatever prints a table."""

from __future__ import annotations

from collections.abc import Collection, Sequence


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
