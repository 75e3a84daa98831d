"""The output shape of each node as text, from input shapes (by rules alone) or from a run."""

from __future__ import annotations

from typing import Any

from graphnet.errors import GraphError
from graphnet.graph import Module, Run
from graphnet.graph.inspection.summary import output_shapes, shape_trace
from graphnet.graph.values import table


def node_shapes(module: Module, shapes: Any, run: Run | None) -> dict[str, str]:
    """Shapes by node path; empty when neither input shapes nor a run are given."""
    if shapes is not None and run is not None:
        raise GraphError("received shapes and a run, expected one of them", subject="draw")
    if run is not None:
        return shapes_of_run(module, run)
    if shapes is None:
        return {}
    return output_shapes(shape_trace(module, as_shapes(shapes), inside=True))


def shapes_of_run(module: Module, run: Run) -> dict[str, str]:
    if not isinstance(run, Run):
        raise GraphError(
            f"received run={run!r} of type {type(run).__name__}, expected a Run",
            "net.run(inputs) gives one; forward gives outputs only.",
            "draw",
        )
    if run.module is not module:
        raise GraphError(
            "received a run of another module than the one to draw",
            "Draw run.module, or run this module.",
            "draw",
        )
    return {name: table.describe(run[name]) for name in run.names}


def as_shapes(shapes: Any) -> list[Any]:
    """One shape for each input: ``(5, 20)`` alone is the shape of the one input."""
    if isinstance(shapes, int):
        return [shapes]
    if not isinstance(shapes, list | tuple) or not shapes:
        raise GraphError(
            f"received shapes={shapes!r}, expected the shape of each input",
            "For instance draw(net, [(5, 20), (5, 10)]).",
            "draw",
        )
    if isinstance(shapes, tuple) and all(isinstance(n, int) for n in shapes):
        return [shapes]
    return list(shapes)
