"""Graphs that Torch rejects, or accepts against expectation, and what graphnet says to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from graphnet import GraphnetError
from tests.golden_build import Graph

ALLOWED = {
    "same_input_twice": "a node may stand at several places of one table, [x, x]",
    "same_output_twice": "an output may be listed twice: the gradients add up",
    "linear_3d": "Linear takes any number of leading axes",
}
"""What Torch rejects and graphnet allows on purpose, with the reason."""

REFUSED = {
    "add_same_element_count": "shapes must broadcast; Torch compares numbers of elements alone",
    "same_gmodule_input_twice": "which of the two values would the node take?",
}
"""What Torch accepts and graphnet refuses on purpose, with the reason."""


def stage_of_error(record: Mapping[str, Any]) -> tuple[str, str]:
    """At which stage graphnet raises, and its message; both empty if it does not."""
    stage = "node"
    try:
        graph = Staged(record)
        stage = "gmodule"
        graph.close()
        if "forward_input" in record:
            stage = "forward"
            run = graph.net.run(graph.with_indices(value(record["forward_input"])))
            if "grad_output" in record:
                stage = "backward"
                run.backward(value(record["grad_output"]))
    except GraphnetError as error:
        return stage, str(error)
    return "", ""


class Staged(Graph):
    """A graph whose nodes are made first and closed later, to tell the two stages apart."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.record = record
        self.nodes = {}
        self.inner = {}
        for node in record["nodes"]:
            self.nodes[node["id"]] = self.make_node(node)

    def close(self) -> None:
        super().__init__(self.record)


def value(spec: Any) -> Any:
    if isinstance(spec, list):
        return [value(part) for part in spec]
    return np.array(spec["value"]) if "value" in spec else np.zeros(spec["shape"])


def check_invalid(name: str, record: Mapping[str, Any]) -> list[str]:
    """What is wrong about graphnet's reaction to a graph that Torch rejects."""
    stage, message = stage_of_error(record)
    expected = "" if name in ALLOWED else record["fails_at"]
    if stage == expected:
        return []
    return [f"raises at stage {stage!r}, expected {expected!r}: {message or record['error']}"]


def check_accepted(name: str, record: Mapping[str, Any]) -> list[str]:
    """What is wrong about graphnet's reaction to a graph that Torch accepts."""
    stage, message = stage_of_error(record)
    if bool(stage) == (name in REFUSED):
        return []
    return [f"raises {message!r}" if stage else "is accepted, though listed as refused"]
