"""Labels in DOT: the base of their forms."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from graphnet.drawing.labels import style
from graphnet.drawing.labels.label import Line, Sign, gradient_of, lines_of, sign_of
from graphnet.drawing.labels.quoting import quoted, shortened
from graphnet.drawing.picture.picture import Kind, Vertex


class Labels(ABC):
    """Writes labels as quoted DOT attributes."""

    def of_vertex(self, vertex: Vertex, badge: Line | None, upright: bool) -> dict[str, str]:
        """The label of a vertex and its minimum size.

        ``badge`` is a coloured line; ``upright`` tells that edges run up or down.
        """
        if vertex.kind == Kind.JOINT:
            return {"label": '""'}
        if vertex.kind == Kind.OPERATION:
            return self._signed(sign_of(vertex, upright))
        if vertex.kind in (Kind.LAYER, Kind.GRAPH):
            return self.box(lines_of(vertex, badge))
        text = gradient_of(vertex, shortened(vertex.title))
        width = style.text_width(text, style.SIZE) + 16
        found = {"label": quoted(text), "width": inches(width)}
        return {"label": quoted(text)} if vertex.kind == Kind.SUM else found

    def _signed(self, sign: Sign) -> dict[str, str]:
        """The circle's size is fixed; Graphviz keeps room for the label (``fixedsize=shape``)."""
        found = {"width": inches(sign.around), "fontsize": f"{sign.sign.size:g}"}
        if sign.name is None:
            return {"label": quoted(sign.sign.text), **found}
        label = self.named_sign(sign, sign.name)
        return {**label, **found, **label}

    @abstractmethod
    def named_sign(self, sign: Sign, name: Line) -> dict[str, str]:
        """A sign in a circle, with a name to its right."""

    @abstractmethod
    def box(self, lines: Sequence[Line]) -> dict[str, str]:
        """Stacked lines of text, in a box wide enough for any font."""

    @abstractmethod
    def group_title(self, text: str) -> str:
        """A title for the upper left of a group, wide enough to keep the middle free.

        Edges usually enter a group in its middle.
        """

    @abstractmethod
    def edge(self, text: str) -> str:
        """The text beside an edge, with a margin."""

    @abstractmethod
    def users(self, value: str) -> str:
        """The value of a user's own attribute."""


def inches(points: float) -> str:
    return f"{points / 72:.2f}"
