"""Attention, compiled, by turns with PyTorch: a layer of a Transformer, and a decoder.

Each round times this project and then the peer; a ratio is the peer's time over ours (more is
better), the median over the rounds with its quartiles. A training step is forward, and backward
from a fixed gradient of the output to the inputs and to all weights, in float32 and without
dropout. Both sides have the same weights; outputs and all gradients must agree before.

  block     nn.TransformerEncoderLayer, 64 steps, batch 16, width 256, 4 heads, 1024 hidden units
  pre-norm  the same with norm_first and GELU
  causal    the same as block, each step looking at those before it
  decoder   nn.attention_decoder_cell of a GRU over 50 steps, batch 16, a memory of 50 x 256, inputs
            and hidden states of 128; the peer is the same of nn.GRUCell and nn.Linear, in a loop
            over the steps, with the products of the memory computed once

    python benchmarks/attention.py
    python benchmarks/attention.py --case decoder --rounds 41 --threads 1
    python benchmarks/attention.py --memory    # of a training step with 2 MB to look at, 100 steps
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from measuring import tables
from measuring.arguments import add_timing, one_of, parser_of, rounds_of
from measuring.machine import started
from measuring.turns import by_turns
from peers.dag_steps import Call, require_agreement
from peers.ours import Weighted

import graphnet as gn
from graphnet import nn

BLOCK, QUICK_BLOCK = (64, 16, 256, 4, 1024), (5, 3, 8, 2, 16)
DECODER, QUICK_DECODER = (50, 16, 50, 256, 128), (4, 3, 5, 6, 4)
Names = dict[str, list[gn.Parameter]]


def own_step(net: Any, inputs: list[np.ndarray], seed: np.ndarray, names: Names) -> Call:
    """Output, gradients of the inputs, and of the parameters in the order of PyTorch's names."""
    compiled = gn.compile_step(net, Weighted(), input_gradients=True, accumulate=False)
    given = inputs if len(inputs) > 1 else inputs[0]

    def step() -> Any:
        result = compiled.run(given, seed)
        grads = result.grad_inputs if len(inputs) > 1 else [result.grad_inputs]
        return [result.outputs, *grads]

    def results() -> Any:
        own = step()
        return [*own, *[np.concatenate([p.grad for p in parts]) for parts in names.values()]]

    step.results = results  # type: ignore[attr-defined]
    return step


def torch_step(
    model: Any, call: Callable[..., Any], inputs: list[np.ndarray], seed: np.ndarray, names: Names
) -> Call:
    leaves = [torch.tensor(x, requires_grad=True) for x in inputs]
    gradient, parameters = torch.from_numpy(seed), dict(model.named_parameters())

    def step() -> Any:
        for each in [*leaves, *parameters.values()]:
            each.grad = None
        output = call(*leaves)
        output.backward(gradient)
        return [output.detach(), *[leaf.grad for leaf in leaves]]

    def results() -> Any:
        return [*step(), *[parameters[name].grad for name in names]]

    step.results = results  # type: ignore[attr-defined]
    return step


def load(model: Any, names: Names) -> None:
    """Give PyTorch's module our weights."""
    shapes = {name: tensor.shape for name, tensor in model.state_dict().items()}
    state = {name: np.concatenate([p.data for p in parts]) for name, parts in names.items()}
    model.load_state_dict({n: torch.tensor(a).reshape(shapes[n]) for n, a in state.items()})


def block(quick: bool, causal: bool = False, **how: Any) -> tuple[Call, Call]:
    steps, batch, width, heads, hidden = QUICK_BLOCK if quick else BLOCK
    random = np.random.default_rng(0)
    x, seed = random.standard_normal((2, steps, batch, width), dtype=np.float32)
    net = nn.TransformerEncoderLayer(width, heads, hidden, 0.0, causal=causal, **how)
    net.float().compile()
    names: Names = dict(net.torch_names())
    model = torch.nn.TransformerEncoderLayer(width, heads, hidden, 0.0, **how)
    load(model, names)
    mask = torch.nn.Transformer.generate_square_subsequent_mask(steps) if causal else None

    def call(leaf: Any) -> Any:
        return model(leaf, src_mask=mask, is_causal=causal)

    return own_step(net, [x], seed, names), torch_step(model, call, [x], seed, names)


class TorchDecoder(torch.nn.Module):
    """The attention decoder of nn.GRUCell and nn.Linear."""

    def __init__(self, memory: int, hidden: int) -> None:
        super().__init__()
        self.query = torch.nn.Linear(hidden, hidden, bias=False)
        self.keys = torch.nn.Linear(memory, hidden, bias=False)
        self.energy = torch.nn.Linear(hidden, 1, bias=False)
        self.cell = torch.nn.GRUCell(hidden + memory, hidden)

    def forward(self, xs: Any, memory: Any) -> Any:
        keys, h, outputs = self.keys(memory), xs.new_zeros(xs.shape[1:]), []
        for x in xs:
            fit = torch.tanh(self.query(h).unsqueeze(1) + keys)
            weights = torch.softmax(self.energy(fit).squeeze(-1), -1)
            context = torch.bmm(weights.unsqueeze(1), memory).squeeze(1)
            h = self.cell(torch.cat([x, context], -1), h)
            outputs.append(torch.cat([h, context], -1))
        return torch.stack(outputs)


def decoder_names(cell: gn.GModule) -> Names:
    """PyTorch's names in ``TorchDecoder``, with the parameters of the cell that they stack."""
    look = cell["attention"].module
    parts = {"query": "query_proj", "keys": "memory_proj", "energy": "scores"}
    names = {f"{name}.weight": [look[part].weight] for name, part in parts.items()}
    gates = ("reset_gate", "update_gate", "candidate")
    for part, short in (("i2h", "ih"), ("h2h", "hh")):
        linears = [cell[f"cell.{gate}.{part}"].module for gate in gates]
        names[f"cell.weight_{short}"] = [linear.weight for linear in linears]
        names[f"cell.bias_{short}"] = [linear.bias for linear in linears]
    return names


def decoder(quick: bool) -> tuple[Call, Call]:
    steps, batch, source, memory_size, hidden = QUICK_DECODER if quick else DECODER
    random = np.random.default_rng(0)
    xs = random.standard_normal((steps, batch, hidden), dtype=np.float32)
    memory = random.standard_normal((batch, source, memory_size), dtype=np.float32)
    seed = random.standard_normal((steps, batch, hidden + memory_size), dtype=np.float32)
    cell = nn.attention_decoder_cell(hidden, hidden, memory_size)
    x, m = gn.input(), gn.input()
    output = nn.Recurrent(cell, output="output", constants=["memory"])(x, memory=m)[0]
    net = gn.GModule([x, m], output).float().compile()
    names, model = decoder_names(cell), TorchDecoder(memory_size, hidden)
    load(model, names)
    inputs = [xs, memory]
    return own_step(net, inputs, seed, names), torch_step(model, model, inputs, seed, names)


CASES: dict[str, Callable[[bool], tuple[Call, Call]]] = {
    "block": block,
    "pre-norm": lambda quick: block(quick, norm_first=True, activation="gelu"),
    "causal": lambda quick: block(quick, causal=True),
    "decoder": decoder,
}


def planned_bytes(quick: bool, is_state: bool) -> int:
    """What a training step of an attention decoder takes, its memory a constant or a state."""
    steps, batch, source, memory_size, hidden = QUICK_DECODER if quick else (100, 16, 64, 512, 64)
    look = nn.AdditiveAttention(hidden, memory_size, hidden)
    x, memory, prev_h = gn.input(), gn.input(), nn.State(hidden)()
    joined = nn.JoinTable(-1)([x, look([prev_h, memory])[0]])
    next_h = nn.gru_cell(hidden + memory_size, hidden)([joined, prev_h])
    cell = gn.GModule([x, memory, prev_h], [next_h])
    if is_state:
        cell = gn.GModule([x, prev_h, memory], [next_h, memory])
    constants = [] if is_state else ["memory"]
    net = nn.Recurrent(cell, output="next_h", constants=constants).float().compile()
    xs = np.zeros((steps, batch, hidden), np.float32)
    given = np.zeros((batch, source, memory_size), np.float32)
    h = np.zeros((batch, hidden), np.float32)
    return net.memory_plan([xs, h, given] if is_state else [xs, given, h]).bytes


def compare(name: str, options: Any) -> dict[str, Any]:
    ours, peer = CASES[name](options.quick)
    require_agreement(ours.results, peer.results)  # type: ignore[attr-defined]
    rounds, least = rounds_of(options)
    return {"case": name} | by_turns(ours, peer, rounds, least=least).numbers()


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument(
        "--case", nargs="+", type=one_of(CASES), default=list(CASES), metavar="NAME", help="all"
    )
    parser.add_argument("--memory", action="store_true", help="bytes of a step instead of times")
    add_timing(parser, rounds=21)
    options = parser.parse_args()
    known = started(options.threads)
    if options.json != "-":
        print(tables.facts_line(known), flush=True)
    if options.memory:
        sizes = [planned_bytes(options.quick, is_state) / 1e6 for is_state in (False, True)]
        print(f"the memory as a constant {sizes[0]:.1f} MB, as a state {sizes[1]:.1f} MB")
        return
    rows = [compare(name, options) for name in options.case]
    if options.json != "-":
        lines = [
            [row["case"], tables.figure(row["ours_ms"]), tables.figure(row["peer_ms"]),
             tables.ratio_text(row)]
            for row in rows
        ]  # fmt: skip
        print(tables.markdown(["case", "ours, ms", "PyTorch, ms", "ratio"], lines))
    tables.finish(options.json, known, rows)


if __name__ == "__main__":
    main()
