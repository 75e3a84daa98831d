"""Plain labels: lines of text only, for a Graphviz without HTML-like labels."""

from __future__ import annotations

from collections.abc import Sequence
from html.parser import HTMLParser

from graphnet.drawing.labels import style
from graphnet.drawing.labels.dot_labels import Labels, inches
from graphnet.drawing.labels.label import Line, Sign
from graphnet.drawing.labels.quoting import attribute_value, quoted, shortened

LINE_HEIGHT = 1.3
SPACE = 0.278
"""The width of a space. Both in font sizes."""

HALF = 0.42
"""Half of Graphviz's estimate of the width of a text, as a fraction of its maximum width."""


class PlainLabels(Labels):
    """Labels that reserve space for the text; later each line gets its own font and position."""

    def named_sign(self, sign: Sign, name: Line) -> dict[str, str]:
        """Sign and name stacked, with margins as wide as the name needs."""
        room = sign.around / 2 + sign.side - HALF * style.text_width(name.text, name.size)
        return {
            "label": quoted(f"{sign.sign.text}\n\n{name.text}"),
            "fontsize": f"{name.size:g}",
            "margin": f'"{inches(room)},0"',
        }

    def box(self, lines: Sequence[Line]) -> dict[str, str]:
        width = max(style.text_width(line.text, line.size) for line in lines)
        height = sum(line.size for line in lines) * LINE_HEIGHT
        return {
            "label": quoted("\n".join(line.text for line in lines)),
            "fontsize": f"{style.SMALL:g}",
            "width": inches(width * 1.06 + 12),
            "height": inches(height + 6),
        }

    def group_title(self, text: str) -> str:
        text = shortened(text)
        spaces = round(style.text_width(text, style.SIZE) / (SPACE * style.SIZE))
        return quoted(text + " " * spaces)[:-1] + '\\l"'

    def edge(self, text: str) -> str:
        return quoted(f"  {text}  ")  # Graphviz's widths are those of a narrow font

    def users(self, value: str) -> str:
        is_html = value.startswith("<") and value.endswith(">")
        return quoted(text_of(value[1:-1])) if is_html else attribute_value(value)


def text_of(html: str) -> str:
    """The text of an HTML-like label, a line for each of its lines and rows."""
    reader = TextReader()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.found).split("\n"))
    return "\n".join(line for line in lines if line)


class TextReader(HTMLParser):
    """Collects text, and a line break for each ``<BR/>`` and row."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found.append(" ".join(data.splitlines()))

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in ("br", "tr"):
            self.found.append("\n")
        elif tag == "td":
            self.found.append(" ")
