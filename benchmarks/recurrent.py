"""One recurrent layer compiled by graphnet, against PyTorch and against the interpreter.

Ours is nn.Recurrent(cell).compile(). A training step is forward, and backward to the input and to
all weights; inference is forward in evaluation mode. One round times one step of each side, in
changing order, in one process; a ratio is the peer's time over ours (more is better), the median
over the rounds but the first three. Before, all sides must agree to 1e-4 of the largest entry.

peers, of which a cell has the first by default (OPENBLAS_NUM_THREADS sets NumPy's threads):
  torch           torch.nn.LSTM, GRU or RNN, for lstm_cell, gru_cell, rnn_cell
  torch-composed  a Python loop, for gru_cell, lstm_cell, lstm_cell_coupled, lstm_cell_peephole
  interpreter     our net without compile(), for any cell
shapes, as steps,batch,input,hidden:
SHAPES
GF/s counts the cell's products alone: 2 flops for each multiply-add of net.summary, in training
three times that. "share" is ours of the best large product of PyTorch with these threads.

    python benchmarks/recurrent.py --cell gru_cell --peer torch --peer torch-composed
    python benchmarks/recurrent.py --mode infer --shape 35,20,200,300 --rounds 100 --json -
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from char_lstm import processor
from graphs import seconds
from torch import Tensor

from graphnet import nn

SHAPES: dict[str, tuple[int, ...]] = {
    "char-rnn": (50, 50, 128, 128), "ptb-small": (20, 20, 200, 200), "stream": (100, 1, 128, 128),
    "ptb-medium": (35, 20, 650, 650), "nngraph-400": (50, 32, 400, 400), "tiny": (100, 8, 16, 32),
    "large": (64, 64, 1024, 1024),
}  # fmt: skip
FUSED = {"lstm_cell": "LSTM", "gru_cell": "GRU", "rnn_cell": "RNN"}
COMPOSED = ("lstm_cell", "lstm_cell_coupled", "lstm_cell_peephole", "gru_cell")
PEERS = {"torch": FUSED, "torch-composed": COMPOSED, "interpreter": nn.CELLS}
Step = Callable[[], list[Any]]  # gives the output, in training the gradients of input and weights


def composed(cell: str, w: dict[str, Tensor], x: Tensor, *states: Tensor) -> list[Tensor]:
    """The next states of a cell, from weights by the names of ours."""

    def product(part: str, source: Tensor) -> Tensor:
        return torch.nn.functional.linear(source, w[f"{part}.weight"], w[f"{part}.bias"])

    def gate(name: str, c: Tensor) -> Tensor:
        total = product(f"{name}_gate.i2h", x) + product(f"{name}_gate.h2h", h)
        return torch.sigmoid(total + w[f"{name}_gate.peephole.weight"] * c if peephole else total)

    c, h, peephole = states[0], states[-1], "peephole" in cell
    from_x, from_h = product("candidate.i2h", x), product("candidate.h2h", h)
    if cell == "gru_cell":
        z, g = gate("update", h), torch.tanh(from_x + gate("reset", h) * from_h)
        return [(1 - z) * g + z * h]
    i = gate("input", c)
    c = (1 - i if "coupled" in cell else gate("forget", c)) * c + i * torch.tanh(from_x + from_h)
    return [c, gate("output", c) * torch.tanh(c)]


def torch_side(cell: str, fused: bool, net: nn.Recurrent, xs: Any, grad: Any) -> Step:
    """The layer of PyTorch, or the loop, with the weights of our net."""
    train = net.is_training
    x, seed = torch.tensor(xs, requires_grad=train), torch.tensor(grad)
    leaves = {n: torch.tensor(p.data, requires_grad=train) for n, p in net.named_parameters()}
    if fused:
        sizes = xs.shape[-1], grad.shape[-1]
        layer, model = (getattr(module, FUSED[cell])(*sizes) for module in (nn, torch.nn))
        for mine, ours in zip(layer.astype(xs.dtype).parameters(), net.parameters(), strict=True):
            mine.data = ours.data
        own = {name: torch.tensor(data) for name, data in nn.to_torch_state_dict(layer).items()}
        model.to(x.dtype).load_state_dict(own)
        leaves = dict(model.named_parameters())

    def output() -> Any:
        if fused:
            return model(x)[0]
        states, outputs = [torch.zeros_like(seed[0])] * (1 if cell == "gru_cell" else 2), []
        for now in x.unbind(0):
            states = composed(cell, leaves, now, *states)
            outputs.append(states[-1])
        return torch.stack(outputs)

    def step() -> list[Any]:
        if not train:
            with torch.inference_mode():
                return [output()]
        for leaf in (x, *leaves.values()):
            leaf.grad = None
        result = output()
        result.backward(seed)
        return [result.detach(), x.grad, *[leaf.grad for leaf in leaves.values()]]

    return step


def graphnet_step(net: nn.Recurrent, xs: np.ndarray, seed: np.ndarray) -> list[Any]:
    if not net.is_training:
        return [net.forward(xs)[0]]
    net.zero_grad()
    run = net.run(xs, keep=False)
    gradient = run.backward([seed, *[None] * (len(run.outputs) - 1)])
    return [run.outputs[0], gradient, *[parameter.grad for parameter in net.parameters()]]


def results(step: Step) -> list[np.ndarray]:
    """Output, input gradient, and the length of the weights' gradients, whatever their layout."""
    arrays = [np.asarray(array) for array in step()]
    return [*arrays[:2], np.sqrt(sum((array**2).sum() for array in arrays[2:]))]


def measure(options: argparse.Namespace, shape: Sequence[int]) -> tuple[np.ndarray, int]:
    """The times of all sides in ms, (sides, rounds), ours first; multiply-adds of the forward."""
    random, train = np.random.default_rng(0), options.mode == "train"
    net = nn.Recurrent(nn.CELLS[options.cell](*shape[2:])).astype(options.dtype).training(train)
    xs, plain = random.standard_normal(shape[:3]).astype(options.dtype), net.clone()
    grad = random.standard_normal(plain.forward(xs)[0].shape).astype(options.dtype)
    sides: list[Step] = [partial(graphnet_step, net.compile(), xs, grad)]
    for name in options.peer:
        sides.append(partial(graphnet_step, plain, xs, grad))
        if name != "interpreter":
            sides[-1] = torch_side(options.cell, name == "torch", net, xs, grad)
        net.seed(0), plain.seed(0)
        for ours, theirs in zip(results(sides[0]), results(sides[-1]), strict=True):
            agree = np.abs(ours - theirs).max() <= 1e-4 * np.abs(theirs).max()
            assert agree, f"{name} and ours differ: {theirs} and {ours}"
    times = np.empty((len(sides), 3 + options.rounds))
    for index in range(times.shape[1]):
        for side in np.roll(range(len(sides)), index):
            times[side, index] = 1000 * seconds(sides[side])
    return times[:, 3:], net.summary(xs.shape).multiply_adds


def main() -> None:
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter)
    lines = "\n".join(f"  {name:<14}{','.join(map(str, s))}" for name, s in SHAPES.items())
    parser.description = (__doc__ or "").replace("SHAPES", lines)
    add = parser.add_argument
    add("--cell", default="lstm_cell", choices=nn.CELLS, metavar="NAME", help="of nn.CELLS")
    add("--shape", help="T,B,I,H or a name; all but large by default")
    add("--mode", default="train", choices=("train", "infer"))
    add("--peer", action="append", choices=PEERS, help="repeat it for several")
    add("--threads", type=int, default=min(2, os.cpu_count() or 1), help="of PyTorch")
    add("--dtype", default="float32", choices=("float32", "float64"))
    add("--rounds", type=int, default=20)
    add("--json", metavar="FILE", help="write all numbers there; - for the standard output")
    options = parser.parse_args()
    having = [name for name, cells in PEERS.items() if options.cell in cells]
    options.peer = options.peer or having[:1]
    if not set(options.peer) <= set(having):
        parser.error(f"{options.cell} has the peers {', '.join(having)}")
    shapes = {name: shape for name, shape in SHAPES.items() if name != "large"}
    if options.shape:
        sizes = options.shape.split(",")
        if options.shape not in SHAPES and not (len(sizes) == 4 and all(map(str.isdigit, sizes))):
            parser.error(f"--shape {options.shape} is neither T,B,I,H nor of {', '.join(SHAPES)}")
        shapes = {options.shape: SHAPES.get(options.shape) or tuple(map(int, sizes))}
    torch.set_num_threads(options.threads)
    show = partial(print, file=sys.stderr if options.json == "-" else sys.stdout, flush=True)
    pairs = [torch.rand(2, n, n, dtype=getattr(torch, options.dtype)) for n in (1024, 2048, 4096)]
    best = max(2e-9 * len(a) ** 3 / seconds(lambda: a @ b) for a, b in 3 * pairs)  # noqa: B023
    facts = vars(options) | {"machine": processor(), "cores": os.cpu_count()}
    facts |= {name: version(name) for name in ("graphnet", "numpy", "llvmlite", "torch")}
    facts |= {"python": platform.python_version(), "best product GF/s": round(best, 1)}
    show(", ".join(f"{name} {fact}" for name, fact in facts.items() if fact is not None))
    keys = ("ours ms", "peer ms", "ratio", "ours GF/s", "peer GF/s", "share")
    show(" " * 33 + "".join(f"{key:>10}" for key in keys) + "  quartiles of the ratio")
    rows: list[dict[str, Any]] = []
    for name, shape in shapes.items():
        times, products = measure(options, shape)
        flops = 2e-6 * products * (3 if options.mode == "train" else 1)
        for peer, theirs in zip(options.peer, times[1:], strict=True):
            rates = flops / times[0], flops / theirs, flops / times[0] / best
            numbers = [times[0], theirs, theirs / times[0], *rates]
            low, middle, high = np.percentile(numbers, [25, 50, 75], axis=1)
            show(f"{name:<18}{peer:<15}" + "".join(f"{value:10.2f}" for value in middle)
                 + f"  {low[2]:.2f} to {high[2]:.2f}")  # fmt: skip
            found = dict(zip(keys, np.transpose([low, middle, high]).tolist(), strict=True))
            rows.append({"shape": name, "sizes": shape, "peer": peer, "quartiles": found,
                         "times_ms": [times[0].tolist(), theirs.tolist()]})  # fmt: skip
    if options.json:
        text = json.dumps(facts | {"results": rows}, indent=1)
        print(text) if options.json == "-" else Path(options.json).write_text(text + "\n")


if __name__ == "__main__":
    main()
