"""What a notebook gets of an object: its HTML, read strictly, and the cells of the tables in it."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from typing import Any

ELEMENTS = {"div", "table", "thead", "tbody", "tfoot", "tr", "th", "td"}


class Reader(HTMLParser):
    """Takes only these elements, and no attribute but a style."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ELEMENTS
        assert {name for name, _ in attrs} <= {"style"}
        assert all("url" not in (value or "") for _, value in attrs)


def html_of(shown: Any) -> str:
    """The HTML of an object."""
    return checked_html(shown._repr_html_())


def checked_html(html: str) -> str:
    """HTML that is well-formed and nothing but tables and lines."""
    Reader().feed(html)
    ElementTree.fromstring(f"<body>{html}</body>")
    return html


def cells_of(html: str) -> list[list[str]]:
    """The rows of all tables."""
    rows = ElementTree.fromstring(f"<body>{html}</body>").iter("tr")
    return [["".join(cell.itertext()) for cell in row] for row in rows]


def words_of(html: str) -> list[str]:
    """All texts, without the spaces that align them."""
    texts = ElementTree.fromstring(f"<body>{html}</body>").itertext()
    return " ".join(texts).split()


def svg_of(shown: Any) -> ElementTree.Element | None:
    """The picture of an object."""
    picture = shown._repr_svg_()
    return None if picture is None else checked_svg(picture)


def checked_svg(picture: str) -> ElementTree.Element:
    """A picture that is well-formed and runs nothing."""
    assert "<script" not in picture
    assert picture.startswith("<svg")
    return ElementTree.fromstring(picture)
