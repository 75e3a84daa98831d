"""HTML-like labels: tables with a font for each line."""

from __future__ import annotations

from collections.abc import Sequence

from graphnet.drawing.labels import style
from graphnet.drawing.labels.dot_labels import Labels
from graphnet.drawing.labels.label import Line, Sign
from graphnet.drawing.labels.quoting import attribute_value, html_text, quoted, shortened


class HtmlLabels(Labels):
    """For a Graphviz with HTML-like labels, the usual one."""

    def named_sign(self, sign: Sign, name: Line) -> dict[str, str]:
        """A table as wide on the left as on the right, to centre the sign."""
        more, wider = (0, 6) if sign.level else (18, -4)
        height = "MIDDLE" if sign.level else "TOP" if sign.above else "BOTTOM"
        row = (
            f'<TD WIDTH="{sign.side}" HEIGHT="{sign.around + more:.0f}"></TD>'
            f'<TD WIDTH="{sign.around + wider:.0f}">{html_text(sign.sign.text)}</TD>'
            f'<TD WIDTH="{sign.side}" ALIGN="LEFT" VALIGN="{height}">{shown(name)}</TD>'
        )
        return {"label": table_label(f"<TR>{row}</TR>")}

    def box(self, lines: Sequence[Line]) -> dict[str, str]:
        rows = []
        for line in lines:
            width = style.text_width(line.text, line.size) * (1.06 if line.bold else 1)
            cell = f'<TD WIDTH="{width:.0f}" HEIGHT="{line.size * 1.3:.0f}">{shown(line)}</TD>'
            rows.append(f"<TR>{cell}</TR>")
        return {"label": table_label("".join(rows))}

    def group_title(self, text: str) -> str:
        text = shortened(text)
        width = style.text_width(text, style.SIZE)
        row = f'<TD ALIGN="LEFT">{html_text(text)}</TD><TD WIDTH="{width:.0f}"></TD>'
        return table_label(f"<TR>{row}</TR>")

    def edge(self, text: str) -> str:
        return quoted(f" {text} ")

    def users(self, value: str) -> str:
        return attribute_value(value)


def shown(line: Line) -> str:
    text = f"<B>{html_text(line.text)}</B>" if line.bold else html_text(line.text)
    return f'<FONT POINT-SIZE="{line.size:g}" COLOR="{line.color}">{text}</FONT>'


def table_label(rows: str) -> str:
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{rows}</TABLE>>'
