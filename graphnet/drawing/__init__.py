"""Drawing: module graph to DOT text to SVG, PNG or PDF."""

from graphnet.drawing import notebook as notebook  # modules in notebooks are drawn by it
from graphnet.drawing.drawing import Drawing, draw

__all__ = ["Drawing", "draw"]


def __dir__() -> list[str]:
    """The public names alone."""
    return __all__
