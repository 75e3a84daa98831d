"""What a random net gives: values, gradients, traces, by name; and how two such results differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import graphnet as gn
from graphnet import nn
from graphnet.graph import Module
from graphnet.graph.inspection.executed import executed
from graphnet.graph.modules.optional import arranged
from graphnet.graph.values import table
from tests.module_rows import Row
from tests.random_nets.torch_modules import NoCounterpartError
from tests.random_nets.torch_nets import TorchNet, as_tensor
from tests.support.notices import notices_ignored
from tests.support.oracle import torch

Results = dict[str, np.ndarray]
TOLERANCE = {"float64": 1e-8, "float32": 5e-3}
"""Of the largest entry. A random net may enlarge rounding errors, of single precision above all."""


@dataclass(frozen=True)
class Made:
    """What the code of a random net makes."""

    net: Module
    inputs: Any
    named: dict[str, Any]
    settings: dict[str, Any]
    rows: dict[Module, Row]
    """What some of its modules are in PyTorch."""

    @property
    def input_table(self) -> Any:
        return arranged(self.net, (self.inputs,), self.named)


def made(code: str) -> Made:
    """Run the code; the same net each time."""
    space: dict[str, Any] = {}
    gn.manual_seed(0)
    exec(compile(code, "<random net>", "exec"), space)
    names = ("net", "inputs", "named", "settings")
    return Made(*(space[name] for name in names), space.get("rows", {}))


class WeightedSum(Module):
    """All entries of a table of outputs, weighted: its gradient by each output is the weight.

    Whole numbers have none.
    """

    def compute(self, pair: Any) -> Any:
        outputs, weights = (table.flatten(part)[0] for part in pair)
        pairs = zip(outputs, weights, strict=True)
        products = [(y * w).sum() for y, w in pairs if y.type.is_float]
        return sum(products[1:], products[0]) if products else np.zeros(())


def seeds_for(outputs: Any) -> Any:
    """A gradient for each output."""
    rng = np.random.default_rng(1)
    return table.map_table(lambda y: rng.normal(size=y.shape).astype(y.dtype), outputs)


def anew(case: Made, compiled: bool) -> None:
    """Let the net begin as a new one would."""
    case.net.compile(compiled).seed(3).zero_grad()
    nn.forget(case.net)


def remembers(net: Module) -> bool:
    return any(
        getattr(part, "remembers", "neither") != "neither" for _, part in net.named_modules()
    )


def run_results(case: Made, compiled: bool) -> Results:
    """Of ``run`` and ``backward``; of a net that remembers, of a second run too."""
    anew(case, compiled)
    found: Results = {}
    for number in range(2 if remembers(case.net) else 1):
        run = case.net.run(case.inputs, **case.named, **case.settings)
        back = run.backward(seeds_for(run.outputs))
        found.update(labelled(f"run {number}: ", "output", run.outputs))
        found.update(labelled(f"run {number}: ", "gradient of input", back))
        for name in run.names:
            found.update(labelled(f"run {number}: ", f"value of {name}", run[name]))
            found.update(labelled(f"run {number}: ", f"gradient of {name}", run.grad[name]))
        if executed(run).traced.weight_probes:
            by_step = run.weight_grad_by_step
            found |= {f"run {number}: {name} by step": array for name, array in by_step.items()}
    return found | parameter_gradients(case)


def labelled(prefix: str, what: str, value: Any) -> Results:
    leaves = [leaf for leaf in table.flatten(value, absent=True)[0] if leaf is not None]
    return {f"{prefix}{what} {i}": np.array(leaf) for i, leaf in enumerate(leaves)}


def parameter_gradients(case: Made) -> Results:
    return {f"gradient of {n}": p.grad.copy() for n, p in case.net.named_parameters()}


def forward_results(case: Made, compiled: bool) -> Results:
    """Of ``forward``, which keeps nothing."""
    anew(case, compiled)
    outputs = case.net.forward(case.inputs, **case.named)
    return labelled("run 0: ", "output", outputs)


def step_results(case: Made, weights: Any) -> Results:
    """Of ``compile_step``, with the gradients of a weighted sum of all outputs."""
    anew(case, True)
    step = gn.compile_step(case.net, WeightedSum(), input_gradients=True)
    result = step.run(case.input_table, weights)
    found = labelled("run 0: ", "output", result.outputs)
    found |= labelled("run 0: ", "gradient of input", result.grad_inputs)
    return found | parameter_gradients(case)


def torch_results(case: Made) -> Results:
    """Of PyTorch; raises NoCounterpartError where it has no word for a module."""
    net = TorchNet(case.net, case.rows)
    dtype = next((p.dtype for p in case.net.parameters()), np.dtype(float))
    found: Results = {}
    for number in range(2 if remembers(case.net) else 1):
        leaves, structure = table.flatten(case.input_table, absent=True)
        tensors = [None if v is None else as_tensor(np.asarray(v), dtype) for v in leaves]
        given = table.unflatten(structure, tensors)
        outputs = net(given)
        weights = table.map_table(torch.tensor, seeds_for(arrays_of(outputs)))
        pairs = zip(table.flatten(outputs)[0], table.flatten(weights)[0], strict=True)
        total = sum((y * w).sum() for y, w in pairs)
        if total.requires_grad:
            total.backward()
        found |= labelled(f"run {number}: ", "output", arrays_of(outputs))
        back = [gradient_of(t) for t in tensors if t is not None and t.requires_grad]
        found |= labelled(f"run {number}: ", "gradient of input", back)
    for name, parameter in case.net.named_parameters():
        found[f"gradient of {name}"] = gradient_of(net.tensors[parameter])
    return found


def arrays_of(tensors: Any) -> Any:
    return table.map_table(lambda tensor: tensor.detach().numpy(), tensors)


def gradient_of(tensor: torch.Tensor) -> np.ndarray:
    return np.zeros(tensor.shape) if tensor.grad is None else tensor.grad.numpy()


def differences(
    found: Mapping[str, Any], expected: Mapping[str, Any], way: str, least: float = 0.0
) -> list[str]:
    """What is in both and differs, and what only the found results have; ``least``: a tolerance."""
    wrong = [f"{way}: there is no {name}" for name in found if name not in expected]
    for name in found:
        if name in expected:
            text = difference(np.asarray(found[name]), np.asarray(expected[name]), least)
            wrong += [f"{way}: {name} {text}"] if text else []
    return wrong


def difference(found: np.ndarray, expected: np.ndarray, least: float = 0.0) -> str:
    if found.shape != expected.shape:
        return f"has the shape {found.shape}, expected {expected.shape}"
    if not found.size:
        return ""
    left, right = found.astype(float), expected.astype(float)
    known = np.isfinite(right)
    if not np.array_equal(left[~known], right[~known], equal_nan=True):
        return "is not infinite or NaN at the same places"
    slack = max(least, *(TOLERANCE.get(array.dtype.name, 0) for array in (found, expected)))
    scale = max(float(np.abs(right[known]).max(initial=0)), 1e-2)
    worst = float(np.abs(left - right)[known].max(initial=0)) / scale
    return "" if worst <= slack else f"differs by {worst:.1e} of its largest entry"


def compiled_differences(code: str) -> list[str]:
    """Runs, ``forward`` and steps by machine code, against interpretation."""
    with notices_ignored(), np.errstate(all="ignore"):
        case = made(code)
        expected = run_results(case, compiled=False)
        wrong = differences(run_results(case, compiled=True), expected, "compiled")
        wrong += differences(forward_results(case, compiled=True), expected, "forward")
        anew(case, False)
        weights = seeds_for(case.net.forward(case.inputs, **case.named))
        if remembers(case.net):
            expected = {**expected, **first_run_only(case)}
        return wrong + differences(step_results(case, weights), expected, "step")


def torch_differences(code: str) -> list[str]:
    """PyTorch's results, where it has words for all modules, against interpretation.

    In double precision alone: in single a net may enlarge what PyTorch rounds otherwise.
    """
    with notices_ignored(), np.errstate(all="ignore"):
        case = made(code)
        case.net.double()
        try:
            found = torch_results(case)
        except NoCounterpartError:
            return []
        least = 1e-5 if case.rows else 0.0  # the gradients of distances have an epsilon in them
        return differences(found, run_results(case, compiled=False), "PyTorch", least)


def first_run_only(case: Made) -> Results:
    """The gradients of parameters after one run, where ``run_results`` has those after two."""
    anew(case, False)
    run = case.net.run(case.inputs, **case.named, keep=False)
    run.backward(seeds_for(run.outputs))
    return parameter_gradients(case)
