"""Convolutions of images against PyTorch: a training step of LeNet, and a convolution by itself.

Each round times this project, compiled, and then PyTorch, eager; a ratio is PyTorch's time over
ours (more is better), the median over the rounds with its quartiles. Outputs and all gradients must
agree before. All in float32:

  lenet      28x28, batch 64: convolutions of 5x5 to 6 and 16 channels with ReLU and max pooling of
             2x2, three Linear layers (400-120-84-10); loss and its gradients, without an optimiser
  lenet-20   the same with 20 and 50 channels and Linear layers 800-500-10
  forward    a 3x3 convolution of 64 to 64 channels, batch 8, 56x56, without gradients
  both       the same forward and backward, gradients of input, weight and bias

    python benchmarks/convolution.py
    python benchmarks/convolution.py --case lenet both --threads 1 --rounds 40
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from measuring import tables
from measuring.arguments import add_timing, one_of, parser_of, rounds_of
from measuring.machine import started
from measuring.turns import by_turns
from peers import dag_steps

import graphnet as gn
from graphnet import nn

BATCH = 64
CASES = ("lenet", "lenet-20", "forward", "both")
CHANNELS = {"lenet": (6, 16), "lenet-20": (20, 50)}
LINEAR = {"lenet": (400, 120, 84, 10), "lenet-20": (800, 500, 10)}
PADDING = {"lenet": 2, "lenet-20": 0}


def lenet(channels: Sequence[int], sizes: Sequence[int], padding: int) -> Any:
    """Our net and PyTorch's, with the same weights."""
    first, second = channels
    net = nn.Sequential(
        nn.SpatialConvolution(1, first, 5, padding_width=padding), nn.ReLU(),
        nn.SpatialMaxPooling(2),
        nn.SpatialConvolution(first, second, 5), nn.ReLU(), nn.SpatialMaxPooling(2),
        nn.Reshape(sizes[0]),
    )  # fmt: skip
    peer: list[Any] = [
        torch.nn.Conv2d(1, first, 5, padding=padding), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
        torch.nn.Conv2d(first, second, 5), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
        torch.nn.Flatten(),
    ]  # fmt: skip
    for i, (inputs, outputs) in enumerate(pairwise(sizes)):
        last = i == len(sizes) - 2
        net.add(nn.Linear(inputs, outputs)).add(nn.LogSoftMax() if last else nn.ReLU())
        peer += [torch.nn.Linear(inputs, outputs)]
        peer += [torch.nn.LogSoftmax(-1) if last else torch.nn.ReLU()]
    model = torch.nn.Sequential(*peer)
    net.float().compile()
    copy_weights(net, model)
    return net, model


def copy_weights(net: gn.Module, model: Any) -> None:
    for own, other in zip(net.parameters(), model.parameters(), strict=True):
        other.data = torch.from_numpy(own.data.copy())


def sides(name: str, quick: bool) -> tuple[Any, Any]:
    """Ours and PyTorch's step of a case."""
    random = np.random.default_rng(0)
    if name in CHANNELS:
        net, model = lenet(CHANNELS[name], LINEAR[name], PADDING[name])
        x = random.standard_normal((4 if quick else BATCH, 1, 28, 28), dtype=np.float32)
        target = random.integers(10, size=len(x))
        ours = dag_steps.own_training(net, x, target, "compile_step")
        return ours, dag_steps.torch_training(model, x, target)
    x = random.standard_normal((1 if quick else 8, 64, 56, 56), dtype=np.float32)
    net = nn.SpatialConvolution(64, 64, 3, padding_width=1).float().compile()
    model = torch.nn.Conv2d(64, 64, 3, padding=1)
    copy_weights(net, model)
    if name == "both":
        return dag_steps.own_step(net, x, "compile_step"), dag_steps.torch_step(model, x)
    net.evaluate()
    given = torch.from_numpy(x)

    def peer() -> Any:
        with torch.no_grad():
            return [model(given)]

    return lambda: [net.forward(x)], peer


def compare(name: str, options: Any) -> dict[str, Any]:
    """One row of the table."""
    ours, theirs = sides(name, options.quick)
    dag_steps.require_agreement(ours, theirs)
    rounds, least = rounds_of(options)
    return {"case": name} | by_turns(ours, theirs, rounds, least=least).numbers()


def report(rows: list[dict[str, Any]]) -> str:
    lines = [
        [r["case"], *[tables.figure(r[n]) for n in ("ours_ms", "peer_ms")], tables.ratio_text(r)]
        for r in rows
    ]
    return tables.markdown(["case", "ours, ms", "PyTorch, ms", "ratio"], lines)


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument(
        "--case", nargs="+", type=one_of(CASES), default=CASES, metavar="NAME", help="all"
    )
    add_timing(parser, rounds=21)
    options = parser.parse_args()
    known = started(options.threads)
    if options.json != "-":
        print(tables.facts_line(known), flush=True)
    rows = [compare(name, options) for name in options.case]
    if options.json != "-":
        print(report(rows))
    tables.finish(options.json, known, rows)


if __name__ == "__main__":
    main()
