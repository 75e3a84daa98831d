"""Reference cases of Torch7 nngraph: read, run through graphnet, and compared.

Outputs, input gradients and parameter gradients are compared. The format is described in the
README of the reference data.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from graphnet.graph.values import table
from tests.golden_support.build import Graph
from tests.golden_support.criteria import build_criterion, class_target
from tests.golden_support.invalid import check_accepted, check_invalid
from tests.golden_support.recurrent import run_rnn
from tests.golden_support.skip import Skip
from tests.golden_support.training import run_optim, run_train

TOLERANCE = {"float64": 1e-9, "float32": 1e-4}
"""Relative to the largest entry of the expected array."""

FLOOR = 1e-12
"""The largest entry counts as at least this, so that zeros may differ by a rounding error."""


@dataclass
class Case:
    """One case: its JSON record, the file of its arrays, and the differences found."""

    name: str
    record: Mapping[str, Any]
    arrays_file: Path | None
    differences: list[str] = field(default_factory=list)

    @cached_property
    def arrays(self) -> Mapping[str, np.ndarray]:
        assert self.arrays_file is not None
        with np.load(self.arrays_file) as file:
            return dict(file)

    def value(self, nested: Any) -> Any:
        """The arrays that stand for npz keys, in tables as in the record."""
        if isinstance(nested, list):
            return [self.value(part) for part in nested]
        return self.arrays[nested] if isinstance(nested, str) else nested

    def compare(self, what: str, received: Any, expected: Any) -> None:
        """Note every difference between two values, entry by entry for tables."""
        if table.is_table(expected):
            if not table.is_table(received) or len(received) != len(expected):
                self.differences.append(
                    f"{what}: {table.describe(received)}, expected {table.describe(expected)}"
                )
                return
            for index, (left, right) in enumerate(zip(received, expected, strict=True)):
                self.compare(f"{what}[{index}]", left, right)
        elif expected is not None:
            self.compare_arrays(what, received, np.asarray(expected))

    def compare_arrays(self, what: str, received: Any, expected: np.ndarray) -> None:
        if received is None:  # graphnet's gradient of an integer input; Torch gives zeros
            received = np.zeros(expected.shape)
        received = np.asarray(received)
        if received.shape != expected.shape:
            self.differences.append(f"{what}: shape {received.shape}, expected {expected.shape}")
            return
        tolerance = TOLERANCE[self.record.get("dtype", "float64")]
        error = relative_error(received, expected)
        if not error <= tolerance:
            self.differences.append(f"{what}: relative error {error:.2g}")


def relative_error(received: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference over the largest entry; infinite where one is not finite."""
    if not expected.size:
        return 0.0
    finite = np.isfinite(expected)
    if not np.array_equal(received[~finite], expected[~finite], equal_nan=True):
        return np.inf
    left, right = received[finite].astype(float), expected[finite].astype(float)
    if not np.isfinite(left).all():
        return np.inf
    difference = np.abs(left - right).max(initial=0.0)
    return float(difference / max(np.abs(right).max(initial=0.0), FLOOR))


# ---- the kinds of cases


def run_graph(case: Case) -> None:
    """A graph and its steps: zero the gradients, forward, backward."""
    graph = filled_graph(case)
    for number, step in enumerate(case.record["steps"]):
        label = f"step {number}"
        graph.net.zero_grad()
        run = graph.net.run(graph.with_indices(case.value(step["input"])))
        case.compare(f"{label} output", run.outputs, case.value(step["output"]))
        seeds = with_zeros(case.value(step["grad_output"]), run.outputs)
        gradients = run.backward(seeds)
        case.compare(f"{label} grad_input", gradients, case.value(step["grad_input"]))
        compare_parameters(case, label, graph, step["grad_params"], step.get("scale", 1))
        for key, owner in zip(step.get("buffers_after", ()), record_owners(case), strict=True):
            what = f"{label} {owner[1]} of node {owner[0]}"
            case.compare(what, graph.array(owner).data, case.arrays[key])


def record_owners(case: Case) -> Sequence[Any]:
    """Where the buffers of a case belong."""
    owners: Sequence[Any] = case.record.get("buffer_owner", ())
    return owners


def filled_graph(case: Case) -> Graph:
    """The graph of a case with its parameters; their order must be graphnet's."""
    record = case.record
    graph = Graph(record)
    if record.get("dtype") == "float32":
        graph.net.float()
    found = {}
    for key, owner in zip(record["params"], record["param_owner"], strict=True):
        parameter = graph.parameter(owner)
        if found.setdefault(key, parameter) is not parameter:
            case.differences.append(f"parameter {owner} is not shared")
        parameter.data = case.arrays[key]
    for key, owner in zip(record.get("buffers", ()), record.get("buffer_owner", ()), strict=True):
        graph.array(owner).data = case.arrays[key]
    if [id(p) for p in found.values()] != [id(p) for p in graph.net.parameters()]:
        case.differences.append(f"parameters in another order than {record['param_owner']}")
    return graph


def compare_parameters(
    case: Case, label: str, graph: Graph, keys: Sequence[Any], scale: float = 1
) -> None:
    for key, owner in zip(keys, case.record["param_owner"], strict=True):
        received = graph.parameter(owner).grad * scale
        what = f"{label} gradient of {owner[1]} of node {owner[0]}"
        if isinstance(key, str):
            case.compare(what, received, case.arrays[key])
            continue
        rows = case.arrays[key["rows"]].astype(int) - 1
        case.compare(f"{what}, rows", received[rows], case.arrays[key["values"]])
        for axis, name in ((1, "row_sums"), (0, "column_sums")):
            expected = case.arrays[key[name]]
            total = received.astype(float).sum(axis).reshape(expected.shape)
            case.compare(f"{what}, {name}", total, expected)


def with_zeros(gradients: Any, outputs: Any) -> Any:
    """Gradients of outputs, with zeros where Torch has nil."""
    if table.is_table(outputs):
        parts = gradients or [None] * len(outputs)
        return [with_zeros(g, y) for g, y in zip(parts, outputs, strict=True)]
    return np.zeros_like(outputs) if gradients is None else gradients


def run_bptt(case: Case) -> None:
    """One graph run over time: the states of a step are inputs of the next."""
    record = case.record
    graph = filled_graph(case)
    criterion = build_criterion(record.get("criterion", {"type": "ClassNLLCriterion"}), {})
    graph.net.zero_grad()
    state = case.value(record["init_state"])
    runs, losses = [], []
    for time in range(record["T"]):
        run = graph.net.run([case.value(record["x"][time]), *state])
        case.compare(f"output {time}", run.outputs, case.value(record["outputs_per_step"][time]))
        *state, scores = run.outputs
        target = class_target({"type": "ClassNLLCriterion"}, case.value(record["targets"][time]))
        runs.append((run, criterion.run([scores, target])))
        losses.append(float(runs[-1][1].outputs))
    case.compare("losses", np.array(losses), case.value(record["losses"]).reshape(-1))
    gradient = [np.zeros_like(part) for part in state]
    for time in reversed(range(record["T"])):
        run, loss = runs[time]
        to_scores = loss.backward()[0]
        to_x, *gradient = run.backward([*gradient, to_scores])
        case.compare(f"grad_x {time}", to_x, case.value(record["grad_x"][time]))
    case.compare("grad_init_state", gradient, case.value(record["grad_init_state"]))
    compare_parameters(case, "", graph, record["grad_params"])


def run_criterion(case: Case) -> None:
    """A loss and the gradient of its input."""
    spec = case.record["criterion"]
    criterion = build_criterion(spec, case.arrays if case.arrays_file else {})
    for number, step in enumerate(case.record["steps"]):
        target = class_target(spec, case.value(step["target"]))
        run = criterion.run([case.value(step["input"]), target])
        case.compare(f"step {number} loss", run.outputs, step["loss"])
        gradient = run.backward()[0]
        case.compare(f"step {number} grad_input", gradient, case.value(step["grad_input"]))


def run_invalid(case: Case) -> None:
    check = check_invalid if "fails_at" in case.record else check_accepted
    case.differences.extend(check(case.name, case.record))


KINDS = {
    "graph": run_graph,
    "bptt": run_bptt,
    "criterion": run_criterion,
    "invalid": run_invalid,
    "rnn": run_rnn,
    "optim": run_optim,
    "train": run_train,
}


# ---- folders of cases


def cases(folder: Path) -> Iterator[Case]:
    """Every case in a folder and below."""
    for path in sorted(folder.rglob("*.json")):
        record = json.loads(path.read_text())
        if "cases" in record:
            for part in (*record["cases"], *record.get("accepted", ())):
                yield Case(part["name"], {**part, "kind": "invalid"}, None)
        elif "nodes" in record or "kind" in record or "steps" in record:
            arrays = path.with_suffix(".npz")
            yield Case(path.stem, record, arrays if arrays.exists() else None)


def run_case(case: Case) -> list[str]:
    """The differences found in a case; raises Skip where graphnet has no counterpart."""
    kind = case.record.get("kind", "graph")
    if kind not in KINDS:
        raise Skip(f"kind {kind!r} is not covered yet")
    KINDS[kind](case)
    return case.differences
