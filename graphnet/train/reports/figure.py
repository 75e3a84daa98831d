"""Figures: made and saved in one way, with the same bytes each time."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from graphnet.drawing.rendering import svg
from graphnet.errors import GraphnetError
from graphnet.graph.files.container import write_file


def new_figure(panels: int = 0) -> tuple[Any, Any]:
    """A figure without a window, and its axes; raises GraphnetError without matplotlib.

    ``panels`` are lower axes below, for the same x; ``figure.axes`` has them all.
    """
    try:
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure
    except Exception as error:  # missing, or one of its libraries is
        raise GraphnetError(
            f"cannot be drawn: matplotlib cannot be imported ({error})",
            "pip install matplotlib",
            "A figure",
        ) from error

    figure = Figure(figsize=(7.5, 4.2 + 1.3 * panels), layout="constrained")
    FigureCanvasSVG(figure)
    heights = [3] + [1] * panels
    axes = figure.subplots(1 + panels, sharex=True, squeeze=False, height_ratios=heights)[0, 0]
    axes.locator_params(axis="x", integer=True)  # steps and batches are whole
    return figure, axes


def save_figure(figure: Any, path: str | Path) -> None:
    """Write SVG, PDF or PNG, by the suffix of the path, atomically."""
    import matplotlib as mpl

    path = Path(path)
    format = path.suffix.removeprefix(".") or mpl.rcParams["savefig.format"]
    write_file(path, encoded(figure, format))


def encoded(figure: Any, format: str) -> bytes:
    import matplotlib as mpl

    content = BytesIO()
    dated = format in ("svg", "svgz")
    with mpl.rc_context({"svg.hashsalt": "graphnet"}):
        figure.savefig(content, format=format, metadata={"Date": None} if dated else None)
    return content.getvalue()


def notebook_svg(make_figure: Callable[[], Any]) -> str | None:
    """The figure as SVG for a notebook; None where it cannot be drawn, which leaves the text."""
    try:
        return svg.inline(encoded(make_figure(), "svg").decode())
    except Exception:  # no matplotlib, or settings of it that do not fit
        return None
