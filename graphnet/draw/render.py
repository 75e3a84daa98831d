"""Rendering: DOT to SVG, PNG or PDF, by the ``dot`` program, or without one in this process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import graphviz

from graphnet import forkable
from graphnet.errors import FormatError, GraphnetError

FORMATS = ("svg", "png", "pdf", "dot", "gv")
PNG_DPI = 192

_graphviz_lock = forkable.Lock(delays_forks=True)
"""Graphviz keeps global state: one drawing at a time."""

FONT_NOISE = (
    "Fontconfig error: Cannot load default",
    "Fontconfig warning",
    "Fontconfig error: No writ",
)
"""What the font library inside pygraphviz's wheel says where fonts are set up otherwise."""


def render(source: str, format: str) -> bytes:
    """The picture of a DOT text. Raises FormatError for an unknown format."""
    if format not in FORMATS:
        raise FormatError(
            f"has no format {format!r}", f"Known formats: {', '.join(FORMATS)}", "A drawing"
        )
    if format in ("dot", "gv"):
        return source.encode()
    if format == "png":
        source = source.replace("{\n", f"{{\n  dpi={PNG_DPI}\n", 1)
    return by_program(source, format) if shutil.which("dot") else in_process(source, format)


def by_program(source: str, format: str) -> bytes:
    """Render with ``dot``; where that fails (a broken or bare installation), in this process."""
    try:
        result: bytes = graphviz.backend.pipe("dot", format, source.encode(), quiet=True)
    except (subprocess.CalledProcessError, graphviz.ExecutableNotFound):
        return in_process(source, format)
    return result


def in_process(source: str, format: str) -> bytes:
    """Render with the Graphviz inside pygraphviz's wheel."""
    try:
        import pygraphviz
    except ImportError as error:
        raise GraphnetError(
            f"cannot be rendered as {format}: neither dot nor pygraphviz was found ({error})",
            "Install one: pip install pygraphviz, or Graphviz from graphviz.org. "
            ".source and .save('x.dot') work without.",
            "A drawing",
        ) from None
    said: list[str] = []
    try:
        with _graphviz_lock, captured_stderr(said.append):
            graph = pygraphviz.AGraph(string=source)
            result: bytes = graph.draw(format=format, prog="dot")
    except (ValueError, OSError, pygraphviz.DotError) as error:
        raise failed(format, "\n".join([str(error), *said])) from error
    if said:
        sys.stderr.write("".join(said))
    return result


def failed(format: str, said: str) -> GraphnetError:
    return GraphnetError(
        f"could not be rendered as {format}: Graphviz says\n  {said}",
        "Are the graph_attributes given to annotate() valid? .source is the DOT text.",
        "A drawing",
    )


@contextmanager
def captured_stderr(keep: Callable[[str], None]) -> Iterator[None]:
    """Hold back what C code writes to standard error, and keep all of it but the font noise.

    Lines written by other threads meanwhile are kept too and so come late, but come.
    """
    try:
        saved = os.dup(2)
    except OSError:  # no standard error, as under pythonw: nothing to hold back
        yield
        return
    with tempfile.TemporaryFile() as file:
        sys.stderr.flush()
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            file.seek(0)
            for line in file.read().decode(errors="replace").splitlines(keepends=True):
                if not line.startswith(FONT_NOISE):
                    keep(line)
