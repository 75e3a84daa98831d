"""The picture of a module in a notebook: ``drawing``, which stands above, enters how it is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

MakePicture = Callable[[Any], "str | None"]
"""From a module to SVG; None for what is better shown as text."""

MAKERS: list[MakePicture] = []


def makes_pictures(maker: MakePicture) -> MakePicture:
    """Enter the function that draws modules."""
    MAKERS[:] = [maker]
    return maker


def picture_of(module: Any) -> str | None:
    """The picture as SVG; None where there is none, which leaves the text."""
    return MAKERS[0](module) if MAKERS else None
