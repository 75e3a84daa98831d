"""Graphs that are no sequences, as plain descriptions, in graphnet and in PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch import nn as torch_nn

import graphnet as gn
from graphnet import nn

KINDS = ("Linear", "Tanh", "CAddTable", "CMulTable", "Sigmoid")
BOUNDED = ("Tanh", "Sigmoid")


@dataclass
class Dag:
    """Node 0 is the input; node k + 1 is ``kinds[k]`` of the nodes ``parents[k]``. The output is
    the sum of the nodes that no other reads."""

    size: int
    kinds: list[str] = field(default_factory=list)
    parents: list[tuple[int, ...]] = field(default_factory=list)

    def add(self, kind: str, *parents: int) -> int:
        self.kinds.append(kind)
        self.parents.append(parents)
        return len(self.kinds)

    @property
    def ends(self) -> list[int]:
        read = {parent for parents in self.parents for parent in parents}
        return [node for node in range(1, len(self.kinds) + 1) if node not in read]


def chain(nodes: int, size: int) -> Dag:
    """x → Tanh → CMulTable with x → Tanh → …"""
    dag, last = Dag(size), 0
    for index in range(nodes):
        last = dag.add("CMulTable", last, 0) if index % 2 else dag.add("Tanh", last)
    return dag


def random_dag(nodes: int, size: int, seed: int = 0) -> Dag:
    """Modules of all kinds on earlier nodes at random; what is added or multiplied is bounded."""
    random, dag, bounded = np.random.default_rng(seed), Dag(size), [0]
    for index in range(nodes):
        kind = KINDS[random.integers(len(KINDS))]
        if kind.endswith("Table"):
            first, second = random.integers(len(bounded), size=2)
            dag.add(kind, bounded[first], bounded[second])
        else:
            node = dag.add(kind, int(random.integers(index + 1)))
            bounded += [node] if kind in BOUNDED else []
    return dag


# ---- ours


def build(dag: Dag) -> gn.GModule:
    """The graph of modules, with weights of its own."""
    gn.manual_seed(0)
    x = gn.input()
    made: list[Any] = [x]
    for number, (kind, parents) in enumerate(zip(dag.kinds, dag.parents, strict=True), 1):
        module = nn.Linear(dag.size, dag.size) if kind == "Linear" else getattr(nn, kind)()
        nodes = [made[parent] for parent in parents]
        node: Any = module(nodes[0] if len(nodes) == 1 else nodes)
        made.append(node.annotate(name=f"node{number}"))
    ends = [made[node] for node in dag.ends]
    return gn.GModule(x, ends[0] if len(ends) == 1 else nn.CAddTable()(ends))


# ---- PyTorch's


class TorchDag(torch_nn.Module):
    """The same graph as a Python loop over ready functions; Linears with the weights of ours."""

    def __init__(self, dag: Dag, net: gn.GModule) -> None:
        super().__init__()
        ours = {name: p.data for name, p in net.named_parameters()}
        names = [path.partition(".")[0] for path in ours if path.endswith(".weight")]
        linears = {name: torch_nn.Linear(dag.size, dag.size) for name in names}
        self.linears = torch_nn.ModuleDict(linears)  # in the order of our parameters
        self.linears.load_state_dict({name: torch.tensor(array) for name, array in ours.items()})
        functions: dict[str, Callable[..., Tensor]] = {
            "Tanh": torch.tanh, "Sigmoid": torch.sigmoid, "CAddTable": torch.add,
            "CMulTable": torch.mul,
        }  # fmt: skip
        self.calls = [
            (linears[f"node{number}"] if kind == "Linear" else functions[kind], parents)
            for number, (kind, parents) in enumerate(zip(dag.kinds, dag.parents, strict=True), 1)
        ]
        self.ends = dag.ends

    def forward(self, x: Tensor) -> Tensor:
        made = [x]
        for function, parents in self.calls:
            made.append(function(*[made[parent] for parent in parents]))
        total = made[self.ends[0]]
        for node in self.ends[1:]:
            total = total + made[node]
        return total


# ---- multilayer perceptrons

SIZES = (784, 512, 512, 10)


def perceptron(sizes: tuple[int, ...] = SIZES) -> gn.Module:
    """Linear, ReLU, …, Linear, LogSoftMax, in float32."""
    gn.manual_seed(0)
    net = nn.Sequential()
    for first, second in pairwise(sizes):
        net.add(nn.Linear(first, second))
        net.add(nn.ReLU() if second != sizes[-1] else nn.LogSoftMax())
    return net.float()


def torch_perceptron(net: gn.Module, sizes: tuple[int, ...] = SIZES) -> torch_nn.Module:
    parts: list[torch_nn.Module] = []
    for first, second in pairwise(sizes):
        parts.append(torch_nn.Linear(first, second))
        parts.append(torch_nn.ReLU() if second != sizes[-1] else torch_nn.LogSoftmax(-1))
    model = torch_nn.Sequential(*parts)
    for own, theirs in zip(net.parameters(), model.parameters(), strict=True):
        assert own.shape == tuple(theirs.shape)
        theirs.data[...] = torch.tensor(own.data)
    return model
