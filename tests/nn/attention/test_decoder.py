"""The attention decoder against the same in PyTorch, over sequences, live, and in its pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import GraphError, IndexRangeError, ShapeError
from tests.support.oracle import torch

STEPS, BATCH, SOURCE, INPUTS, HIDDEN, MEMORY = 5, 3, 6, 2, 4, 7
LENGTHS = np.array([6, 2, 1])
CONSTANTS = ["memory", "memory_lengths"]
KINDS: dict[str, dict[str, Any]] = {
    "additive": {},
    "additive, of another size": {"attention_size": 9},
    "general": {"attention": "general"},
    "dot": {"attention": "dot"},
    "lstm": {"cell": nn.lstm_cell},
}


def cell_of(kind: str) -> gn.GModule:
    return nn.attention_decoder_cell(
        INPUTS, MEMORY if kind == "dot" else HIDDEN, MEMORY, **KINDS[kind]
    )


def of_torch(kind: str, cell: gn.GModule, xs: Any, memory: Any, lengths: Any) -> tuple[Any, Any]:
    """Outputs and weights, from tensors by the names of the cell's parameters."""
    p = {n: torch.from_numpy(v.data).requires_grad_() for n, v in cell.named_parameters()}
    size = cell["prev_h"].module.size
    h = c = torch.zeros(BATCH, size).double()
    hidden = torch.arange(SOURCE) >= torch.from_numpy(lengths)[:, None]
    outputs, weights = [], []

    def gate(name: str, x: Any, h: Any) -> Any:
        return (
            x @ p[f"cell.{name}.i2h.weight"].T + p[f"cell.{name}.i2h.bias"]
            + h @ p[f"cell.{name}.h2h.weight"].T + p[f"cell.{name}.h2h.bias"]
        )  # fmt: skip

    for x in xs:
        if kind.startswith(("additive", "lstm")):
            keys = memory @ p["attention.memory_proj.weight"].T
            query = h @ p["attention.query_proj.weight"].T
            scores = torch.tanh(query[:, None] + keys) @ p["attention.scores.weight"]
        else:
            keys = memory @ p["attention.memory_proj.weight"].T if kind == "general" else memory
            scores = (keys * h[:, None]).sum(-1)
        a = torch.softmax(scores.masked_fill(hidden, -torch.inf), -1)
        context = torch.einsum("bs,bsm->bm", a, memory)
        x = torch.cat([x, context], -1)
        if kind == "lstm":
            i, f, o = (
                torch.sigmoid(gate(f"{n}_gate", x, h)) for n in ("input", "forget", "output")
            )
            c = f * c + i * torch.tanh(gate("candidate", x, h))
            h = o * torch.tanh(c)
        else:
            r, z = (torch.sigmoid(gate(f"{n}_gate", x, h)) for n in ("reset", "update"))
            inner = h @ p["cell.candidate.h2h.weight"].T + p["cell.candidate.h2h.bias"]
            outer = x @ p["cell.candidate.i2h.weight"].T + p["cell.candidate.i2h.bias"]
            h = (1 - z) * torch.tanh(outer + r * inner) + z * h
        outputs.append(torch.cat([h, context], -1))
        weights.append(a)
    return torch.stack(outputs), torch.stack(weights)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_decoder_is_that_of_torch(kind: str, compiled: bool, rng: np.random.Generator) -> None:
    cell = cell_of(kind)
    net = nn.Recurrent(cell, constants=CONSTANTS).compile(compiled)
    xs = rng.normal(size=(STEPS, BATCH, INPUTS))
    memory = rng.normal(size=(BATCH, SOURCE, MEMORY))
    leaf = torch.from_numpy(memory.copy()).requires_grad_()
    expected = of_torch(kind, cell, torch.from_numpy(xs), leaf, LENGTHS)
    behind = np.arange(SOURCE) >= LENGTHS[:, None]
    padded = np.where(behind[..., None], np.nan, memory)  # which is never read
    run = net.run(xs, memory=padded, memory_lengths=LENGTHS)
    for found, wanted in zip(run.outputs[0], expected, strict=True):
        np.testing.assert_allclose(found, wanted.detach().numpy(), rtol=0, atol=1e-10)
    seeds = [rng.normal(size=found.shape) for found in run.outputs[0]]
    torch.autograd.backward(expected, [torch.from_numpy(seed) for seed in seeds])
    by_memory = run.backward([seeds, *[None] * (len(run.outputs) - 1)])[1]
    np.testing.assert_allclose(by_memory, leaf.grad.numpy(), rtol=0, atol=1e-10)


def test_a_decoder_without_lengths_live_and_step_by_step(rng: np.random.Generator) -> None:
    cell = cell_of("lstm")
    xs = rng.normal(size=(STEPS, BATCH, INPUTS))
    memory = rng.normal(size=(BATCH, SOURCE, MEMORY))
    outputs, weights = nn.Recurrent(cell, constants=["memory"]).forward(xs, memory=memory)[0]
    whole = nn.Recurrent(cell, constants=CONSTANTS)
    np.testing.assert_array_equal(whole.forward(xs, memory=memory)[0][0], outputs)
    live = nn.Live(cell, xs[0], constants={"memory": memory})
    state = live.start()
    for x, output, weight in zip(xs, outputs, weights, strict=True):
        state = live.step(state, x)
        np.testing.assert_allclose(state[2], output, rtol=1e-12)
        np.testing.assert_allclose(state[3], weight, rtol=1e-12)
    alone = whole.forward(xs[:, 1], memory=memory[1])[0][0]
    np.testing.assert_allclose(alone, outputs[:, 1], rtol=1e-12)


def test_the_alignment_is_a_trace_and_the_parts_have_names(rng: np.random.Generator) -> None:
    cell = cell_of("additive")
    net = nn.Recurrent(cell, constants=CONSTANTS)
    xs, memory = rng.normal(size=(STEPS, BATCH, INPUTS)), rng.normal(size=(BATCH, SOURCE, MEMORY))
    run = net.run(xs, memory=memory, trace=["attention.weights"])
    np.testing.assert_array_equal(run["attention.weights"], run.outputs[0][1])
    assert net["attention.query_proj"].weight.shape == (HIDDEN, HIDDEN)
    assert net["cell.update_gate.i2h"].weight.shape == (HIDDEN, INPUTS + MEMORY)
    picture = gn.draw(net, [xs.shape, memory.shape], depth=3).source
    for name in ("query_proj", "memory_proj", "update_gate", "memory", "next step"):
        assert name in picture


def test_wrong_arguments_and_inputs_are_told() -> None:
    with pytest.raises(ValueError, match="attention is 'bahdanau', expected one of"):
        nn.attention_decoder_cell(2, 3, 4, attention="bahdanau")
    with pytest.raises(ValueError, match="query_size is 3 and memory_size is 4"):
        nn.attention_decoder_cell(2, 3, 4, attention="dot")
    with pytest.raises(GraphError, match="received"):
        nn.attention_decoder_cell(2, 3, 4, cell=nn.Linear)
    net = nn.Recurrent(cell_of("additive"), constants=CONSTANTS)
    xs, memory = np.ones((STEPS, BATCH, INPUTS)), np.ones((BATCH, SOURCE, MEMORY))
    with pytest.raises(ShapeError, match=r"attention\.memory_proj"):
        net.forward(xs, memory=memory[..., 1:])
    with pytest.raises(IndexRangeError, match="7"):
        net.forward(xs, memory=memory, memory_lengths=[7, 1, 1])
    with pytest.raises(ShapeError, match="lengths"):
        net.forward(xs, memory=memory, memory_lengths=[6, 1])
