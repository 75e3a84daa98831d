"""Figures: one way to make and to save them, with the same bytes each time."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def new_figure() -> tuple[Any, Any]:
    """A figure without a window, and its axes."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 4.2), layout="constrained")
    FigureCanvasSVG(figure)
    return figure, figure.subplots()


def save_figure(figure: Any, path: str | Path) -> None:
    """Write SVG, PDF or PNG, by the end of the name."""
    import matplotlib as mpl

    dated = Path(path).suffix in (".svg", ".svgz")
    with mpl.rc_context({"svg.hashsalt": "graphnet"}):
        figure.savefig(Path(path), metadata={"Date": None} if dated else None)
