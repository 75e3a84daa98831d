"""Graphs and modules of the reference cases, built through graphnet's interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

from graphnet.graph import Buffer, GModule, Module, Parameter
from graphnet.graph.values import table
from tests.golden_support.criteria import build_criterion, from_one, has_classes
from tests.golden_support.skip import Skip
from tests.golden_support.torch7 import (
    CALLS,
    CHILDREN_LAST,
    INDEX_INPUTS,
    MODULES,
    FromTorch,
    with_defaults,
)

Spec = Mapping[str, Any]


def found(rows: Mapping[str, FromTorch], spec: Spec) -> FromTorch:
    if spec["type"] not in rows:
        raise Skip(f"graphnet has no {spec['type']}")
    return rows[spec["type"]]


class Graph:
    """A graph of a case: ``net``, and the nodes by their number in the case."""

    def __init__(self, record: Spec) -> None:
        self.record = record
        self.nodes: dict[int, Any] = {}
        self.inner: dict[Module, Graph] = {}
        for node in record["nodes"]:
            self.nodes[node["id"]] = self.make_node(node)
        inputs = [self.node(number) for number in record["inputs"]]
        outputs = [self.node(number) for number in record["outputs"]]
        self.net = GModule(inputs, outputs)

    def node(self, number: Any) -> Any:
        """A node by number; in invalid graphs also nil, a string, or a module."""
        if isinstance(number, Mapping):
            return self.make_module(number["module"])
        return self.nodes[number] if isinstance(number, int) else number

    def make_node(self, spec: Spec) -> Any:
        parents = [self.node(number) for number in spec["parents"]]
        if "split" in spec:
            return parents[0].split(spec["split"])
        if "select" in spec:
            return parents[0][spec["select"] - 1]
        module = self.make_module(spec["module"])
        if "share_with" in spec:
            share(module, self.nodes[spec["share_with"]].module)
        call = spec.get("call")
        if call == "varargs":
            node = module(*parents)
        elif call == "empty_table":
            node = module([])
        elif parents:
            node = module(parents[0] if len(parents) == 1 else parents)
        else:
            node = module()
        return node.annotate(name=spec["name"]) if "name" in spec else node

    def make_module(self, spec: Spec) -> Module:
        if spec["type"] == "gModule":
            graph = Graph(spec["graph"])
            self.inner[graph.net] = graph
            module: Module = graph.net
        else:
            make = found(MODULES, spec)
            args = arguments(spec)
            children = [self.make_module(child) for child in spec.get("children", ())]
            if "criterion" in spec:
                children = [build_criterion(spec["criterion"], {})]
            last = spec["type"] in CHILDREN_LAST
            module = with_defaults(make, [*args, *children] if last else [*children, *args])
        for name, values in spec.get("calls", ()):
            call_setter(module, name, list(values or ()))
        return module.evaluate() if spec.get("training") is False else module

    def parameter(self, owner: Sequence[Any]) -> Parameter:
        """The parameter at [node number, path], a path such as ``modules[2].weight``."""
        parameter = self.array(owner)
        assert isinstance(parameter, Parameter), f"{owner[1]} is not a parameter"
        return parameter

    def array(self, owner: Sequence[Any]) -> Parameter | Buffer:
        """The parameter or buffer at [node number, path]."""
        number, path = owner
        return self.part(self.nodes[number].module, path.split("."))

    def part(self, module: Module, path: Sequence[str]) -> Parameter | Buffer:
        step, *rest = path
        name, _, index = step.rstrip("]").partition("[")
        if name == "nodes":
            inner = self.inner_graph(module)
            return inner.part(inner.nodes[int(index)].module, rest)
        if name == "modules":
            children = [child for _, child in module.named_children()] or [module]  # Maxout
            return self.part(children[int(index) - 1], rest)
        array = getattr(module, name)
        assert isinstance(array, Parameter | Buffer), f"{'.'.join(path)} is no array"
        return array

    def inner_graph(self, module: Module) -> Graph:
        return self.inner[module]

    def with_indices(self, value: Any) -> Any:
        """An input of the graph with Torch's indices, numbers from 1, as integers from 0."""
        numbers = self.record["inputs"]
        marked = index_inputs(self.record)
        if len(numbers) == 1:
            return from_one(value) if numbers[0] in marked else value
        if not table.is_table(value):
            return value
        padded = [*numbers, *[None] * len(value)]
        return [from_one(v) if n in marked else v for n, v in zip(padded, value, strict=False)]


SETTERS = {
    "setNumInputDims": "input_dims",
    "setLambda": "strength",
    "setp": "p",
    "setMaxNorm": "max_norm",
    "setNormType": "norm_type",
}
"""Torch's methods that change a setting, by ours."""


def call_setter(module: Module, name: str, values: Sequence[Any]) -> None:
    """A method called after construction; raises Skip for one that graphnet has not."""
    if name in ("training", "evaluate"):
        getattr(module, "train" if name == "training" else name)()
    elif name == "setPadding" and hasattr(module, "padding_idx"):
        module.padding_idx = values[0] - 1 if values[0] else None
    elif name in CALLS and hasattr(module, CALLS[name][0]):
        setattr(module, *CALLS[name])
    elif name in SETTERS and hasattr(module, SETTERS[name]):
        setattr(module, SETTERS[name], values[0])
    else:
        raise Skip(f"the method {name} of {type(module).__name__}")


def arguments(spec: Spec) -> list[Any]:
    """Torch's constructor arguments: infinity as a number, nothing for nil at the end."""
    args = [inf if value == "inf" else value for value in spec.get("args", ())]
    while args and args[-1] is None:
        args.pop()
    return args


def share(module: Module, other: Module) -> None:
    """Let a module use the parameters of another one of the same make."""
    pairs = zip(module.named_modules(), other.named_modules(), strict=True)
    for (_, left), (_, right) in pairs:
        for name, parameter in list(right.own_parameters()):
            setattr(left, name, parameter)


# ---- indices


def index_inputs(record: Spec) -> set[int]:
    """The numbers of the input nodes whose values are indices."""
    marked: set[int] = set()
    for node in reversed(record["nodes"]):
        parents = [p for p in node["parents"] if isinstance(p, int)]
        wanted = wanted_indices(node.get("module"), len(parents))
        if node["id"] in marked:
            wanted = set(range(len(parents)))
        marked.update(parents[i] for i in wanted if i < len(parents))
        if not parents and wanted:
            marked.add(node["id"])
    return marked


def wanted_indices(spec: Spec | None, count: int) -> set[int]:
    """Which parents of a module hold indices."""
    if spec is None:
        return set()
    children = spec.get("children", ())
    if spec["type"] == "ModuleFromCriterion":
        return {1} if has_classes(spec["criterion"]) else set()
    if spec["type"] in INDEX_INPUTS:
        only = INDEX_INPUTS[spec["type"]]
        return set(range(max(count, 1))) if only is None else {only}
    if spec["type"] == "gModule":
        numbers = spec["graph"]["inputs"]
        inner = index_inputs(spec["graph"])
        return {i for i, number in enumerate(numbers) if number in inner}
    if spec["type"] == "ParallelTable":
        return {i for i, child in enumerate(children) if wanted_indices(child, 1)}
    return wanted_indices(children[0], count) if children else set()
