"""Quoting: user strings as DOT strings, HTML-like labels, escaped labels or identifiers."""

from __future__ import annotations

import html
import re

from graphviz.quoting import quote as graphviz_quote

from graphnet.printable import printable

LONGEST = 3000
"""Graphviz reads no string of more than 16,384 bytes."""


def quoted(text: str) -> str:
    """A DOT string that shows exactly this text as a label.

    Backslashes are doubled (labels know escapes such as ``\\N``), ampersands become entities
    (labels know ``&lt;``), line breaks become ``\\n``.
    """
    text = printable(shortened(text, LONGEST)).replace("&", "&amp;").replace("\\", "\\\\")
    return '"' + text.replace('"', '\\"').replace("\n", "\\n") + '"'


def quoted_tooltip(text: str) -> str:
    """A DOT string that shows exactly this text as a tooltip.

    Graphviz (14) resolves the escapes of a tooltip twice, so backslashes are doubled twice.
    """
    text = printable(shortened(text, LONGEST)).replace("&", "&amp;").replace("\\", "\\" * 4)
    return '"' + text.replace('"', "&quot;").replace("\n", "&#10;") + '"'


def html_text(text: str) -> str:
    """Text inside an HTML-like label."""
    return html.escape(printable(text)).replace("\\", "\\\\").replace("\n", "<BR/>")


def attribute_value(text: str) -> str:
    """A Graphviz attribute as the user wrote it: escapes and ``<…>`` keep Graphviz's meaning."""
    return str(graphviz_quote(printable(text)))


def identifier(text: str) -> str:
    """Letters, digits, ``-`` and ``_`` only: for ``id`` and ``class`` in SVG."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-") or "node"


def shortened(text: str, longest: int = 40) -> str:
    """The text, with its middle elided beyond ``longest`` characters."""
    if len(text) <= longest:
        return text
    return f"{text[: longest // 2]}…{text[-(longest // 2 - 1) :]}"
