"""Tables as HTML, for notebooks: escaped, without scripts, in the colours of the page around."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from graphnet.printable import printable
from graphnet.text_table import Table

FRAME = "border-collapse:collapse;margin:0;font-family:monospace"
CELL = "padding:2px 8px;white-space:pre"
RULE = {"thead": "border-bottom:1px solid", "tfoot": "border-top:1px solid"}


def html_table(table: Table) -> str:
    """A table as an HTML element.

    Each style is on its own element: what a style sheet said would hold for the whole notebook.

    >>> html_table(Table([("size",), ("12",)], right=[0])).count("text-align:right")
    2
    """
    end = len(table.rows) - table.has_total
    parts = {"thead": table.rows[:1], "tbody": table.rows[1:end], "tfoot": table.rows[end:]}
    body = "".join(part_of(name, rows, table) for name, rows in parts.items() if rows)
    inner = f'{html_lines(table.before)}<table style="{FRAME}">{body}</table>'
    return f'<div style="overflow-x:auto">{inner}{html_lines(table.after)}</div>'


def html_lines(lines: Iterable[str]) -> str:
    """Lines of text, each escaped."""
    return "".join(f'<div style="padding:2px 8px">{escaped(text)}</div>' for text in lines)


def part_of(name: str, rows: Iterable[Sequence[str]], table: Table) -> str:
    """The head, the body or the foot of a table."""
    style = f' style="{RULE[name]}"' if name in RULE else ""
    tag = "th" if name == "thead" else "td"
    cells = (
        "".join(cell(tag, text, i in table.right) for i, text in enumerate(row)) for row in rows
    )
    return f"<{name}>{''.join(f'<tr{style}>{row}</tr>' for row in cells)}</{name}>"


def cell(tag: str, text: str, to_right: bool) -> str:
    side = "right" if to_right else "left"
    return f'<{tag} style="text-align:{side};{CELL}">{escaped(text)}</{tag}>'


def escaped(text: str) -> str:
    return html.escape(printable(text))
