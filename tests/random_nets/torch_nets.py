"""Nets in PyTorch: the same graph node by node, sequences step by step, gradients by autograd."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

import graphnet as gn
from graphnet import nn
from graphnet.graph import Module, Parameter
from graphnet.graph.values import table
from tests.module_rows import Row
from tests.random_nets.torch_modules import WORDS, NoCounterpartError
from tests.support.oracle import torch


class TorchNet:
    """A net on tensors; ``tensors`` has one for each parameter; final.

    ``rows`` say of some modules what they are in PyTorch; ``remembered`` are the states that its
    sequences left behind, by module.
    """

    def __init__(self, net: Module, rows: Mapping[Module, Row] | None = None) -> None:
        self.net, self.rows = net, rows or {}
        self.tensors: dict[Parameter, torch.Tensor] = {
            p: torch.tensor(p.data, requires_grad=True) for p in net.parameters()
        }
        self.remembered: dict[Module, list[torch.Tensor]] = {}

    def __call__(self, value: Any) -> Any:
        return self.call(self.net, value)

    def call(self, module: Module, value: Any) -> Any:
        if module in self.rows:
            word = self.rows[module].torch
            if word is None:
                raise NoCounterpartError(type(module).__name__)
            return word(value, *[self.tensors[p] for p in module.parameters()])
        if isinstance(module, nn.GRU | nn.LSTM | nn.RNN):  # compared in tests/nn/recurrent
            raise NoCounterpartError(type(module).__name__)
        if isinstance(module, gn.GModule):
            return self.graph(module, value)
        if type(module) is nn.Recurrent:
            return self.sequence(module, value)
        if type(module) in CONTAINERS:
            return CONTAINERS[type(module)](self, module, value)
        if type(module) not in WORDS:
            raise NoCounterpartError(type(module).__name__)
        weights = {name: self.tensors[p] for name, p in module.own_parameters()}
        return WORDS[type(module)](module, value, {"bias": None, **weights})

    def graph(self, net: gn.GModule, value: Any) -> Any:
        entries = list(value) if table.is_table(value) and len(net.inputs) > 1 else [value]
        entries += [None] * (len(net.inputs) - len(entries))
        values: dict[Any, Any] = {}
        for node in net.nodes:
            own = [values[parent] for parent in node.parents]
            own = own or [entries[net.inputs.index(node)]]
            given = node.gathered(own)
            is_absent = all(v is None for v in own)
            values[node] = None if is_absent else self.call(node.module, given)
        results = [values[node] for node in net.outputs]
        return results[0] if len(results) == 1 else results

    # ---- sequences

    def sequence(self, module: nn.Recurrent, value: Any) -> Any:
        if getattr(module, "constants", ()) or not has_sizes(module):
            raise NoCounterpartError("Recurrent")
        count = len(module.cell.inputs) - 1
        entries = list(value) if table.is_table(value) else [value]
        xs, *given = entries + [None] * (count + 2 - len(entries))
        states, lengths = given[:count], given[count]
        leaves, structure = table.flatten(xs)
        alone = leaves[0].is_floating_point() and leaves[0].ndim == 2
        is_swapped = module.batch_first and not alone
        leaves = [leaf.swapaxes(0, 1) for leaf in leaves] if is_swapped else leaves
        batch = () if alone else leaves[0].shape[1:2]
        states = self.initial(module, states, batch)
        live = None
        if lengths is not None:
            live = torch.arange(len(leaves[0]))[:, None] < lengths[None, :]
        cuts = self.cuts(module, len(leaves[0]), lengths)
        rows: list[Any] = [None] * len(leaves[0])
        order = range(len(rows))
        for t in reversed(order) if module.reverse else order:
            if cuts is not None:
                states = [torch.where(fitted(cuts[t], s), s.detach(), s) for s in states]
            x = table.unflatten(structure, [leaf[t] for leaf in leaves])
            rows[t], states = step(self, module, x, states, None if live is None else live[t])
        if self.is_remembering(module):
            self.remembered[module] = [state.detach() for state in states]
        shown = [torch.stack(list(column)) for column in zip(*rows, strict=True)]
        shown = [y.swapaxes(0, 1) for y in shown] if is_swapped else shown
        return [shown[0] if len(shown) == 1 else shown, *states]

    def initial(
        self, module: nn.Recurrent, given: Sequence[Any], batch: tuple[int, ...]
    ) -> list[torch.Tensor]:
        found = []
        dtype = next((t.dtype for t in self.tensors.values()), torch.float64)
        for i, (node, state) in enumerate(zip(module.cell.inputs[1:], given, strict=True)):
            name, size = module.cell.name_of(node), node.module.size
            if state is None and self.is_remembering(module) and module in self.remembered:
                state = self.remembered[module][i]
            elif state is None and name in module.initial_state:
                state = self.tensors[module.initial_state[name]].expand(*batch, size)
            elif state is None:
                state = torch.zeros(*batch, size, dtype=dtype)
            found.append(state)
        return found

    def is_remembering(self, module: nn.Recurrent) -> bool:
        return module.remembers in ("both", "train" if module.is_training else "eval")

    def cuts(self, module: nn.Recurrent, steps: int, lengths: Any) -> Any:
        """Where no gradient flows back: (steps,), or (steps, batch)."""
        if not module.truncate:
            return None
        done = torch.arange(steps)
        if module.reverse and lengths is None:
            done = steps - 1 - done
        elif module.reverse:
            done = lengths[None, :] - 1 - done[:, None]
        return (done % module.truncate == 0) & (done > 0)


def in_turn(net: TorchNet, module: Any, value: Any) -> Any:
    for part in module.modules:
        value = net.call(part, value)
    return value


def bottled(net: TorchNet, module: Any, value: Any) -> Any:
    if (module.input_dims, module.output_dims) != (2, 2):
        raise NoCounterpartError("Bottle")
    rows = net.call(module.module, value.reshape(-1, value.shape[-1]))
    return rows.reshape(*value.shape[:-1], rows.shape[-1])


CONTAINERS: dict[type[Module], Callable[[TorchNet, Any, Any], Any]] = {
    nn.Bottle: bottled,
    nn.Concat: lambda net, m, x: torch.cat([net.call(p, x) for p in m.modules], m.axis),
    nn.ConcatTable: lambda net, m, x: [net.call(part, x) for part in m.modules],
    nn.MapTable: lambda net, m, x: [net.call(m.module, part) for part in x],
    nn.ParallelTable: lambda net, m, x: list(map(net.call, m.modules, x)),
    nn.Sequential: in_turn,
}
"""What has modules inside."""


def has_sizes(module: nn.Recurrent) -> bool:
    """Whether all states are vectors, of sizes that the cell tells."""
    return all(
        isinstance(node.module, nn.State) and isinstance(node.module.size, int)
        for node in module.cell.inputs[1:]
    )


def step(
    net: TorchNet, module: nn.Recurrent, x: Any, before: list[Any], live: Any
) -> tuple[list[Any], list[Any]]:
    """What one step shows, and the states after it."""
    padding = None
    if module.mask_zero:
        first = table.flatten(x)[0][0]
        is_index = not first.is_floating_point()
        padding = first == 0 if is_index else (first == 0).all(-1)
    results = net.call(module.cell, [x, *before])
    results = list(results) if isinstance(results, list) else [results]
    if padding is not None:
        results = [torch.where(fitted(padding, y), 0, y) for y in results]
    states, shown = results[: len(before)], results[len(before) :] or results[len(before) - 1 :]
    if live is not None:
        states = [torch.where(fitted(live, s), s, b) for s, b in zip(states, before, strict=True)]
        shown = [torch.where(fitted(live, y), y, 0) for y in shown]
    return shown, states


def fitted(rows: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    return rows.reshape(*rows.shape, *[1] * (like.ndim - rows.ndim))


def as_tensor(array: np.ndarray, dtype: Any) -> torch.Tensor:
    """Whole numbers and truth values stay, others take the dtype of the parameters and get a gradient."""
    if array.dtype.kind != "f":
        return torch.tensor(array, dtype=torch.bool if array.dtype.kind == "b" else torch.int64)
    return torch.tensor(array.astype(dtype), requires_grad=True)
