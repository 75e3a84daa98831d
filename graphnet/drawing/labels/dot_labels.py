"""Labels in DOT: what every form of them has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from graphnet.drawing.labels import style
from graphnet.drawing.labels.label import Line, Sign, gradient_of, lines_of, sign_of
from graphnet.drawing.labels.quoting import quoted, shortened
from graphnet.drawing.picture.picture import Kind, Vertex


class Labels(ABC):
    """Writes labels as DOT attributes, quoted already."""

    def of_vertex(self, vertex: Vertex, badge: Line | None, upright: bool) -> dict[str, str]:
        """The label of a vertex and its least size.

        ``badge`` is a line in a colour of its own; ``upright`` says that edges run up or down.
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
        """A sign in a circle, with a name at its right."""

    @abstractmethod
    def box(self, lines: Sequence[Line]) -> dict[str, str]:
        """Lines of text under each other, in a box wide enough for any font."""

    @abstractmethod
    def group_title(self, text: str) -> str:
        """A title for the upper left of a group, which becomes so wide that its middle stays free.

        Edges enter a group in its middle more often than not.
        """

    @abstractmethod
    def edge(self, text: str) -> str:
        """What stands beside an edge, with some room."""

    @abstractmethod
    def users(self, value: str) -> str:
        """The value of an attribute as the user wrote it."""


def inches(points: float) -> str:
    return f"{points / 72:.2f}"
