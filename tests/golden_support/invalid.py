"""Graphs that Torch rejects, or accepts against expectation, and what graphnet says to them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from graphnet import GraphnetError
from tests.golden_support.build import Graph

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

PLACE = r"(?:'node' )?\(build\.py:\d+\)"

FORGOTTEN = r"is the module .*, expected a node\n  Did you forget a second pair of parentheses"

MESSAGES = {
    "module_instead_of_node": rf"Sigmoid {PLACE}: input {FORGOTTEN}",
    "module_instead_of_node_in_list": rf"CAddTable {PLACE}: inputs\[1\] {FORGOTTEN}",
    "nil_input": rf"Sigmoid {PLACE}: input is None\n  Is a name mistyped",
    "nil_in_list": rf"CAddTable {PLACE}: inputs\[0\] is None",
    "empty_table_input": rf"CAddTable {PLACE} received an empty table of inputs\n  For an input node",
    "two_arguments": rf"CAddTable {PLACE} received 2 arguments, expected one\n  .*module\(\[a, b\]\)",
    "string_instead_of_node": rf"Sigmoid {PLACE}: input is 'input' of type str, expected a node",
    "unused_input": rf"inputs\[1\], Identity {PLACE}, is not used by any output",
    "unused_split_output": rf"1 of the 2 outputs of split\(2\) of Identity {PLACE}.* \(numbers 1\)",
    "unused_split_outputs": r"2 of the 4 outputs of split\(4\) of SplitTable .* \(numbers 0, 2\)",
    "dangling_node": rf"Sigmoid {PLACE} does not reach any output",
    "dangling_input_chain": rf"Sigmoid {PLACE} does not reach any output",
    "dangling_inner": rf"Tanh {PLACE} does not reach any output",
    "module_as_output": rf"GModule {PLACE}: outputs\[1\] {FORGOTTEN}",
    "module_as_input": rf"GModule {PLACE}: inputs\[0\] {FORGOTTEN}",
    "nil_output": rf"GModule {PLACE}: outputs\[0\] is None",
    "nil_input_in_gmodule": rf"GModule {PLACE}: inputs\[0\] is None",
    "no_inputs": rf"GModule {PLACE} received no inputs",
    "undeclared_input": rf"Identity {PLACE} has no parents and is not among the inputs",
    "input_with_parent": rf"inputs\[1\], Sigmoid {PLACE}, has parents",
    "tensor_for_two_inputs": r"expects a table of 2 inputs \(.*\), received \(4,\)",
    "one_of_two_inputs": r"expects a table of 2 inputs \(.*\), received a table of 1",
    "three_for_two_inputs": r"expects a table of 2 inputs \(.*\), received a table of 3",
    "linear_wrong_size": rf"Linear 'linear' {PLACE} expects an array \(…, 4\), received \(5,\)",
    "linear_wrong_size_batch": r"expects an array \(…, 4\), received \(2, 5\)\n  node(?:_1)?  \(2, 5\)",
    "add_mismatch": rf"CAddTable .* {PLACE} adds \(2, 3\) and \(2, 7\)\n  linear .*\n  node_2 ",
    "batch_mismatch": rf"CAddTable .* {PLACE} adds \(2, 3\) and \(5, 3\)",
    "swapped_inputs": r"expects an array \(…, 4\), received \(3,\)\n  node(?:_1)?  \(3,\)  input",
    "split_too_many": rf"{PLACE} cannot split a table of 3 into 2 outputs",
    "split_too_few": rf"{PLACE} cannot split a table of 2 into 3 outputs",
    "split_of_tensor": rf"{PLACE} cannot split \(2, 3\) into 2 outputs",
    "join_mismatch": rf"JoinTable .* {PLACE} joins \(2, 3\) and \(4, 3\) along axis 1",
    "lookup_out_of_range": rf"LookupTable .* {PLACE} received index -1, expected 0 to 4",
    "table_into_linear": r"expects an array \(…, 4\), received \[\(4,\), \(4,\)\]",
    "too_few_grad_outputs": r"gradients \[\(3,\)\] \(1 entries\), expected .* \(2 entries\)",
    "too_many_grad_outputs": r"gradients .* \(3 entries\), expected .* \(2 entries\)",
    "same_gmodule_input_twice": rf"inputs\[1\], Identity {PLACE}, is listed twice",
    "add_same_element_count": rf"CAddTable .* {PLACE} adds \(2, 3\) and \(3, 2\)",
}
"""What graphnet says to each graph that it refuses."""


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
        return wrong_message(name, message)
    return [f"raises at stage {stage!r}, expected {expected!r}: {message or record['error']}"]


def check_accepted(name: str, record: Mapping[str, Any]) -> list[str]:
    """What is wrong about graphnet's reaction to a graph that Torch accepts."""
    stage, message = stage_of_error(record)
    if bool(stage) == (name in REFUSED):
        return wrong_message(name, message)
    return [f"raises {message!r}" if stage else "is accepted, though listed as refused"]


def wrong_message(name: str, message: str) -> list[str]:
    """What is wrong about the text of an error; rows that are not in the table may say anything."""
    pattern = MESSAGES.get(name, "") if message else ""
    return [] if re.search(pattern, message) else [f"says {message!r}, expected {pattern!r}"]
