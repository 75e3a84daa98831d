"""Figures: made and saved in one way, with the same bytes each time."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

from graphnet.errors import GraphnetError
from graphnet.graph.files.container import write_file


def new_figure() -> tuple[Any, Any]:
    """A figure without a window, and its axes; raises GraphnetError without matplotlib."""
    try:
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure
    except Exception as error:  # missing, or one of its libraries is
        raise GraphnetError(
            f"cannot be drawn: matplotlib cannot be imported ({error})",
            "pip install matplotlib",
            "A figure",
        ) from error

    figure = Figure(figsize=(7.5, 4.2), layout="constrained")
    FigureCanvasSVG(figure)
    return figure, figure.subplots()


def save_figure(figure: Any, path: str | Path) -> None:
    """Write SVG, PDF or PNG, by the suffix of the path, atomically."""
    import matplotlib as mpl

    path, content = Path(path), BytesIO()
    format = path.suffix.removeprefix(".") or mpl.rcParams["savefig.format"]
    dated = format in ("svg", "svgz")
    with mpl.rc_context({"svg.hashsalt": "graphnet"}):
        figure.savefig(content, format=format, metadata={"Date": None} if dated else None)
    write_file(path, content.getvalue())
