"""PyTorch's side: its own layers, and the same cells composed of modules in a loop over steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch import nn as torch_nn

from peers.case import Case, Data, Results
from peers.equations import EQUATIONS, draws_per_direction, state_sizes
from peers.ours import Side, output_size, parameters

Arrays = dict[str, np.ndarray]
FUSED = {
    "rnn_cell": "RNN",
    "lstm_cell": "LSTM",
    "lstm_cell_merged": "LSTM",
    "lstm_cell_projected": "LSTM",
    "gru_cell": "GRU",
}
LSTM_GATES = ("input_gate", "forget_gate", "candidate", "output_gate")
GATES = {
    "lstm_cell": LSTM_GATES,
    "lstm_cell_projected": LSTM_GATES,
    "gru_cell": ("reset_gate", "update_gate", "candidate"),
}
"""The order in which PyTorch stacks the gates; other cells have one product for all."""


# ---- PyTorch's own layers


def stacked_names(case: Case, names: Sequence[str]) -> dict[str, list[str]]:
    """For each of PyTorch's parameters, those of ours whose rows it stacks."""
    gates, found = GATES.get(case.cell, ("",)), {}
    for layer in range(case.layers):
        for way in ("", "_reverse") if case.bidirectional else ("",):
            prefix, end = f"layer{layer + 1}{way}.", f"l{layer}{way}"
            for part, short in (("i2h", "ih"), ("h2h", "hh")):
                for kind in ("weight", "bias"):
                    rows = [f"{prefix}{gate + '.' if gate else ''}{part}.{kind}" for gate in gates]
                    found[f"{kind}_{short}_{end}"] = rows
            if f"{prefix}projection.weight" in names:
                found[f"weight_hr_{end}"] = [f"{prefix}projection.weight"]
    return found


def fused_side(case: Case, net: Any, data: Data) -> Side:
    """``torch.nn.LSTM``, ``GRU`` or ``RNN`` with the weights of our net."""
    ours: Arrays = {name: p.data for name, p in parameters(net).items()}
    names = stacked_names(case, list(ours))
    _, _, size, hidden = case.shape
    options: dict[str, Any] = {"num_layers": case.layers, "bidirectional": case.bidirectional}
    if case.cell == "lstm_cell_projected":
        options["proj_size"] = output_size(case)
    model = getattr(torch_nn, FUSED[case.cell])(size, hidden, **options)
    model.to(getattr(torch, case.dtype)).train(case.train)
    rows = {key: np.concatenate([ours[name] for name in parts]) for key, parts in names.items()}
    model.load_state_dict({key: torch.tensor(array) for key, array in rows.items()})

    def forward(x: Tensor) -> Tensor:
        if data.lengths is None:
            output: Tensor = model(x)[0]
            return output
        counts = torch.from_numpy(data.lengths)
        packed = torch_nn.utils.rnn.pack_padded_sequence(x, counts, enforce_sorted=False)
        padded: Tensor = torch_nn.utils.rnn.pad_packed_sequence(
            model(packed)[0], total_length=len(x)
        )[0]
        return padded

    def gradients() -> Arrays:
        found: Arrays = {}
        for key, parameter in model.named_parameters():
            ends = np.cumsum([len(ours[name]) for name in names[key]])[:-1]
            parts = np.split(parameter.grad.numpy(), ends)
            found |= dict(zip(names[key], parts, strict=True))
        return found

    return eager_side(case, data, model, forward, gradients)


# ---- composed of modules


class Scale(torch_nn.Module):
    """w x, entry by entry."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.weight = torch_nn.Parameter(torch.empty(size))

    def forward(self, x: Tensor) -> Tensor:
        return self.weight * x


class Direction(torch_nn.Module):
    """A cell of ``nn.Linear`` and the like, in a loop over the steps; it gives the operations."""

    def __init__(self, case: Case, arrays: Arrays, reverse: bool) -> None:
        super().__init__()
        self.equations, self.reverse, self.is_training = EQUATIONS[case.cell], reverse, case.train
        self.sizes = state_sizes(case.cell, case.shape[-1], output_size(case))
        paths = dict.fromkeys(name.rpartition(".")[0] for name in arrays)
        self.parts = torch_nn.ModuleDict({key(path): part_of(path, arrays) for path in paths})

    def linear(self, name: str, x: Tensor) -> Any:
        return self.parts[key(name)](x)

    norm = scale = linear
    sigmoid = staticmethod(torch.sigmoid)
    tanh = staticmethod(torch.tanh)
    where: Any = staticmethod(torch.where)

    def quarters(self, x: Tensor) -> Any:
        return x.chunk(4, -1)

    def cell(self, x: Tensor, states: list[Tensor], draws: list[Tensor]) -> list[Tensor]:
        return self.equations(self, x, states, draws)

    def forward(self, xs: Tensor, live: Tensor | None, draws: list[Tensor]) -> Tensor:
        steps = range(len(xs))
        states = [xs.new_zeros(xs.shape[1], size) for size in self.sizes]
        inputs, drawn = xs.unbind(0), [array.unbind(0) for array in draws]
        outputs = [states[-1]] * len(xs)
        for t in reversed(steps) if self.reverse else steps:
            new = self.cell(inputs[t], states, [array[t] for array in drawn])
            outputs[t] = new[-1]
            if live is not None:
                outputs[t] = torch.where(live[t], new[-1], 0.0)
                new = [torch.where(live[t], a, b) for a, b in zip(new, states, strict=True)]
            states = new
        return torch.stack(outputs)


def key(path: str) -> str:
    return path.replace(".", "_")


def part_of(path: str, arrays: Arrays) -> torch_nn.Module:
    """The module whose parameters these are, filled."""
    weight, bias = arrays[f"{path}.weight"], arrays.get(f"{path}.bias")
    part: torch_nn.Module
    if weight.ndim == 2:
        part = torch_nn.Linear(weight.shape[1], weight.shape[0], bias is not None)
    elif "norm" in path:
        part = torch_nn.LayerNorm(len(weight), bias=bias is not None)
    else:
        part = Scale(len(weight))
    part.to(torch.from_numpy(weight).dtype)
    values = {"weight": weight} | ({} if bias is None else {"bias": bias})
    part.load_state_dict({name: torch.tensor(array) for name, array in values.items()})
    return part


class Composed(torch_nn.Module):
    """All layers and directions of a case, from the weights of ours by name."""

    def __init__(self, case: Case, arrays: Arrays) -> None:
        super().__init__()
        self.prefixes = list(dict.fromkeys(name.partition(".")[0] for name in arrays))
        self.prefixes.sort()  # layer1, layer1_reverse, layer2, …
        self.ways = 2 if case.bidirectional else 1
        self.draws = draws_per_direction(case.cell) if case.train else 0
        own = [
            {name.partition(".")[2]: a for name, a in arrays.items() if name.startswith(f"{p}.")}
            for p in self.prefixes
        ]
        self.directions = torch_nn.ModuleList(
            Direction(case, part, prefix.endswith("_reverse"))
            for prefix, part in zip(self.prefixes, own, strict=True)
        )

    def forward(self, x: Tensor, live: Tensor | None, draws: list[Tensor]) -> Tensor:
        for first in range(0, len(self.directions), self.ways):
            outputs = [
                self.directions[k](x, live, draws[k * self.draws : (k + 1) * self.draws])
                for k in range(first, first + self.ways)
            ]
            x = outputs[0] if len(outputs) == 1 else torch.cat(outputs, -1)
        return x

    def named_gradients(self, names: Sequence[str]) -> Iterator[tuple[str, np.ndarray]]:
        """By the names of ours."""
        for name in names:
            prefix, _, rest = name.partition(".")
            path, _, kind = rest.rpartition(".")
            direction: Any = self.directions[self.prefixes.index(prefix)]
            yield name, getattr(direction.parts[key(path)], kind).grad.numpy()


def composed_side(
    case: Case, net: Any, data: Data, wrap: Callable[[Composed], Any] = lambda model: model
) -> Side:
    """The composed net, eager, or as ``wrap`` makes it."""
    ours = {name: p.data for name, p in parameters(net).items()}
    model = Composed(case, ours)
    call = wrap(model)
    live = None if data.live is None else torch.from_numpy(data.live)
    shape = (*data.xs.shape[:2], case.shape[-1])
    count = len(model.directions) * model.draws
    given: list[Tensor] = []

    def forward(x: Tensor) -> Tensor:
        draws = given or [torch.rand(shape, dtype=x.dtype) for _ in range(count)]
        output: Tensor = call(x, live, draws)
        return output

    def gradients() -> Arrays:
        return dict(model.named_gradients(list(ours)))

    side = eager_side(case, data, model, forward, gradients)

    def results(draws: list[np.ndarray]) -> Results:
        given[:] = [torch.from_numpy(array) for array in draws]
        found = side.results([])
        given.clear()
        return found

    return Side(side.step, results)


# ---- both


def eager_side(
    case: Case,
    data: Data,
    model: torch_nn.Module,
    forward: Callable[[Tensor], Tensor],
    gradients: Callable[[], Arrays],
) -> Side:
    """A training step with gradients by input and weights, or an inference."""
    x, seed = torch.tensor(data.xs, requires_grad=case.train), torch.tensor(data.seed)
    leaves = [x, *model.parameters()]

    def train() -> Tensor:
        for leaf in leaves:
            leaf.grad = None
        output = forward(x)
        torch.autograd.backward(output, seed)
        return output

    def infer() -> Tensor:
        with torch.inference_mode():
            return forward(x)

    step = train if case.train else infer

    def results(draws: list[np.ndarray]) -> Results:
        output = step().detach().numpy().copy()
        if not case.train:
            return Results(output, None, {})
        assert x.grad is not None
        return Results(output, x.grad.numpy(), gradients())

    return Side(step, results)
