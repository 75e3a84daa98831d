"""One step for one sequence, live: our compiled cell and torch.nn.LSTMCell, by turns.

A step takes one vector (1, inputs) and the state (c, h), and gives the next state; the peer runs
under torch.inference_mode. The ratio is the peer's time over ours (more is better), the median
over the rounds with its quartiles. Before, a hundred steps of both must agree.

    python benchmarks/live.py
    python benchmarks/live.py --hidden 128 --inputs 128 --threads 1 --rounds 50
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from measuring import tables
from measuring.arguments import add_timing, at_least, parser_of, rounds_of
from measuring.machine import started
from measuring.turns import by_turns
from peers.pytorch import LSTM_GATES

import graphnet as gn
from graphnet import nn

AGREEING_STEPS = 100
Stepper = Callable[[], Any]


def own_stepper(cell: gn.GModule, x: np.ndarray) -> tuple[Stepper, Callable[[], np.ndarray]]:
    """A function of one step of ``nn.Live``, and what reads its h."""
    live = nn.Live(cell, x)
    states = [live.start()]

    def step() -> None:
        states[0] = live.step(states[0], x)

    return step, lambda: np.array(states[0][1])


def torch_stepper(cell: gn.GModule, x: np.ndarray) -> tuple[Stepper, Callable[[], np.ndarray]]:
    """``torch.nn.LSTMCell`` with the same weights."""
    size, inputs = cell["forget_gate.i2h"].weight.shape
    model = torch.nn.LSTMCell(inputs, size)
    names = {f"{kind}_{short}": (part, kind)
             for part, short in (("i2h", "ih"), ("h2h", "hh"))
             for kind in ("weight", "bias")}  # fmt: skip
    rows = {
        name: np.concatenate([getattr(cell[f"{g}.{part}"], kind).data for g in LSTM_GATES])
        for name, (part, kind) in names.items()
    }
    model.load_state_dict({name: torch.tensor(array) for name, array in rows.items()})
    tensor = torch.from_numpy(x)
    states = [(torch.zeros(1, size), torch.zeros(1, size))]  # PyTorch's order: h, c

    def step() -> None:
        states[0] = model(tensor, states[0])

    return step, lambda: states[0][0].numpy()


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--hidden", type=at_least(1), default=128, metavar="N")
    parser.add_argument("--inputs", type=at_least(1), default=128, metavar="N")
    add_timing(parser, rounds=31)
    options = parser.parse_args()
    known = started(options.threads)
    gn.manual_seed(0)
    cell = nn.lstm_cell(options.inputs, options.hidden).float().evaluate()
    x = np.random.default_rng(0).standard_normal((1, options.inputs), dtype=np.float32)
    with torch.inference_mode():
        (ours, own_state), (peer, peer_state) = own_stepper(cell, x), torch_stepper(cell, x)
        for _ in range(AGREEING_STEPS):
            ours(), peer()
        worst = np.abs(own_state() - peer_state()).max()
        if not worst <= 1e-4:
            raise SystemExit(f"the states differ by {worst}; nothing was timed")
        rounds, least = rounds_of(options)
        timing = by_turns(ours, peer, rounds, least=least)
    row = timing.numbers()
    if options.json != "-":
        print(tables.facts_line(known))
        print(f"one step, {options.inputs} inputs, {options.hidden} units, float32")
        print(f"graphnet, compiled    {1000 * timing.ours_ms:8.2f} µs")
        print(f"torch.nn.LSTMCell     {1000 * timing.peer_ms:8.2f} µs")
        print(f"ratio                 {tables.ratio_text(row)}")
    tables.finish(options.json, known, [row])


if __name__ == "__main__":
    main()
