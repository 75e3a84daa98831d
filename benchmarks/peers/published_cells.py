"""Cells of papers on PyTorch's side: torchrecurrent's layers, and the sLSTM as a loop."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from peers.case import Data, Results
from peers.ours import Side

sys.path.append(str(Path(__file__).parents[2]))  # the rows below are those of the tests

from tests.nn.cells.peer_rows import ROWS, PeerRow

SCALAR = "xlstm_scalar_cell"
NAMES = (*ROWS, SCALAR)
GATES = ("input_gate", "forget_gate", "candidate", "output_gate")
Weights = dict[str, Tensor]
Forward = Callable[[Tensor], Tensor]


def options_of(name: str) -> Mapping[str, Any]:
    """Those of our cell, which the peer has too."""
    return ROWS[name].ours if name in ROWS else {}


def layer(row: PeerRow, size: int, hidden: int, named: Weights) -> tuple[Forward, Weights]:
    """A layer of torchrecurrent with the weights of ours, and its parameters by its names."""
    import torchrecurrent

    options: dict[str, Any] = dict(row.theirs)
    if row.ours.get("delay"):
        options["delay"] = row.ours["delay"]
    kind = getattr(torchrecurrent, row.peer.removesuffix("Cell"))
    model = kind(size, hidden, **options).float()
    found = dict(model.cells[0].named_parameters())
    with torch.no_grad():
        for key, value in row.weights(named).items():
            found[key].copy_(value)
    return lambda x: model(x)[0], found


def slstm(named: Weights) -> tuple[Forward, Weights]:
    """The sLSTM as a loop, with one product of all x, and one of h at each step."""
    merged = {
        f"{kind}_{part}": torch.cat([named[f"{gate}.{part}.{kind}"] for gate in GATES])
        for kind in ("weight", "bias")
        for part in ("i2h", "h2h")
    }
    merged = {key: value.clone().requires_grad_() for key, value in merged.items()}

    def forward(xs: Tensor) -> Tensor:
        bias = merged["bias_i2h"] + merged["bias_h2h"]
        from_x = xs @ merged["weight_i2h"].T + bias
        c, n, m, h = torch.zeros(4, xs.shape[1], merged["weight_h2h"].shape[1]).unbind()
        outputs = []
        for each in from_x:
            a, b, g, o = torch.addmm(each, h, merged["weight_h2h"].T).chunk(4, 1)
            carried = torch.nn.functional.logsigmoid(b) + m
            m = torch.maximum(carried, a)
            i, f = torch.exp(a - m), torch.exp(carried - m)
            c, n = f * c + i * torch.tanh(g), f * n + i
            h = torch.sigmoid(o) * (c / n)
            outputs.append(h)
        return torch.stack(outputs)

    return forward, merged


def side(name: str, net: Any, data: Data) -> Side:
    """A training step: forward, and backward to the input and all weights."""
    arrays = {key: torch.tensor(p.data) for key, p in net.named_parameters()}
    size, hidden = data.xs.shape[-1], data.seed.shape[-1]
    made = slstm(arrays) if name == SCALAR else layer(ROWS[name], size, hidden, arrays)
    forward, weights = made
    x, seed = torch.tensor(data.xs, requires_grad=True), torch.tensor(data.seed)

    def step() -> Tensor:
        for value in (x, *weights.values()):
            value.grad = None
        output = forward(x)
        output.backward(seed)
        return output

    def results(draws: list[np.ndarray]) -> Results:
        output = step().detach().numpy()
        assert x.grad is not None
        return Results(output, x.grad.numpy(), gradients(name, arrays, weights))

    return Side(step, results)


def gradients(name: str, arrays: Weights, weights: Weights) -> dict[str, np.ndarray]:
    """The peer's gradients by our names: those of what its parameters are made of."""
    ours = {key: value.clone().requires_grad_() for key, value in arrays.items()}
    if name == SCALAR:
        theirs = {
            f"{kind}_{part}": torch.cat([ours[f"{gate}.{part}.{kind}"] for gate in GATES])
            for kind in ("weight", "bias")
            for part in ("i2h", "h2h")
        }
    else:
        theirs = ROWS[name].weights(ours)
    pairs = [(value, weights[key].grad) for key, value in theirs.items()]
    torch.autograd.backward([value for value, _ in pairs], [grad for _, grad in pairs])
    return {key: value.grad.numpy() for key, value in ours.items() if value.grad is not None}
