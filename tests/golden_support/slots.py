"""Parameters of Torch as blocks of parameters of graphnet, by Torch's paths.

Torch keeps the weights of several gates in one matrix, graphnet one Linear for each gate. A ``Slot``
is a parameter of Torch as blocks of parameters of graphnet.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from graphnet.graph import GModule, Module, Parameter
from tests.golden_support.build import Graph

GATES = {
    "forgetGate": "forget_gate",
    "inputGate": "input_gate",
    "hiddenLayer": "candidate",
    "outputGate": "output_gate",
}


@dataclass(frozen=True)
class Slot:
    """A parameter of Torch: its path, and the parameters it is made of, in rows of blocks."""

    path: str
    blocks: Sequence[Sequence[Parameter]]
    transposed: bool = False

    def under(self, prefix: str) -> Slot:
        return Slot(f"{prefix}{self.path}", self.blocks, self.transposed)

    def fill(self, values: np.ndarray) -> None:
        """Set the parameters from Torch's values."""
        whole = np.atleast_2d(values)
        top = 0
        for row in self.blocks:
            left = 0
            for parameter in row:
                height, width = self.view(parameter.data).shape
                block = whole[top : top + height, left : left + width]
                block = block.T if self.transposed else block
                parameter.data = block.reshape(parameter.shape)
                left += width
            assert left == whole.shape[1], self.path
            top += height
        assert top == whole.shape[0], self.path

    def gradient(self, shape: tuple[int, ...]) -> np.ndarray:
        """The gradients of the parameters, laid out as in Torch."""
        return np.block([[self.view(p.grad) for p in row] for row in self.blocks]).reshape(shape)

    def view(self, array: np.ndarray) -> np.ndarray:
        return np.atleast_2d(array).T if self.transposed else np.atleast_2d(array)


# ---- cells


def linears(cell: GModule, part: str, gates: Sequence[str], kind: str) -> list[Parameter]:
    return [getattr(cell[f"{gate}.{part}"].module, kind) for gate in gates]


def column(parameters: Sequence[Parameter]) -> list[list[Parameter]]:
    return [[parameter] for parameter in parameters]


def lstm_slots(cell: GModule) -> Iterator[Slot]:
    """A Linear of its own for each gate, and peepholes."""
    for name, gate in GATES.items():
        i2h = cell[f"{gate}.i2h"].module
        yield Slot(f"{name}.input.weight", [[i2h.weight]])
        yield Slot(f"{name}.input.bias", [[i2h.bias]])
        yield Slot(f"{name}.recurrent.weight", [[cell[f"{gate}.h2h"].module.weight]])
        if f"{gate}.peephole" in cell.names:
            yield Slot(f"{name}.peephole.weight", [[cell[f"{gate}.peephole"].module.weight]])


def stacked_slots(cell: GModule, gates: Sequence[str]) -> Iterator[Slot]:
    """One matrix for x and one for h: ``i2g`` and ``o2g``, the gates in rows."""
    yield Slot("i2g.weight", column(linears(cell, "i2h", gates, "weight")))
    yield Slot("i2g.bias", [linears(cell, "i2h", gates, "bias")])
    yield Slot("o2g.weight", column(linears(cell, "h2h", gates, "weight")))


def gru_slots(cell: GModule) -> Iterator[Slot]:
    yield from stacked_slots(cell, ("reset_gate", "update_gate"))
    candidate = cell["candidate.i2h"].module
    yield Slot("candidate.input.weight", [[candidate.weight]])
    yield Slot("candidate.input.bias", [[candidate.bias]])
    yield Slot("candidate.recurrent.weight", [[cell["candidate.h2h"].module.weight]])


def joint_slots(cell: GModule, gates: Sequence[str]) -> list[Slot]:
    """One matrix for x and h, used as x W: the gates in columns."""
    rows = [linears(cell, part, gates, "weight") for part in ("i2h", "h2h")]
    return [
        Slot("weight", rows, transposed=True),
        Slot("bias", [linears(cell, "i2h", gates, "bias")]),
    ]


SEQ_LSTM = ("input_gate", "forget_gate", "output_gate", "candidate")
SEQ_GRU = ("reset_gate", "update_gate", "candidate")


def gates_apart(cell: GModule, gates: Sequence[str]) -> Iterator[Slot]:
    """With dropout inside, each gate has a Linear of its own for x, and then one for h."""
    for gate in gates:
        i2h = cell[f"{gate}.i2h"].module
        yield Slot(f"{gate}.input.weight", [[i2h.weight]])
        yield Slot(f"{gate}.input.bias", [[i2h.bias]])
    for gate in gates:
        yield Slot(f"{gate}.recurrent.weight", [[cell[f"{gate}.h2h"].module.weight]])


# ---- graphs


def graph_slots(graph: Graph, prefix: str) -> Iterator[Slot]:
    """The parameters of a graph by Torch's paths, in the order of its parameters()."""
    numbers = {node: number for number, node in graph.nodes.items()}
    for node in graph.net.nodes:
        if node in numbers:
            yield from module_slots(graph, node.module, f"{prefix}nodes[{numbers[node]}].")


def module_slots(graph: Graph, module: Module, prefix: str) -> Iterator[Slot]:
    if module in graph.inner:
        yield from graph_slots(graph.inner[module], prefix)
        return
    for name, parameter in module.own_parameters():
        yield Slot(f"{prefix}{name}", [[parameter]])
    for number, (_, child) in enumerate(module.named_children(), start=1):
        yield from module_slots(graph, child, f"{prefix}modules[{number}].")
