"""A batch of ``graphnet lstm`` at its defaults: compiled, interpreted, and eager PyTorch, by turns.

The same net on all sides, from the same parameters and on the same batches of the text: an
embedding, two LSTM layers of 128 composed of eight linear maps each, a decoder, the likelihood of
50 x 50 characters; forward, backward, clipping and an RMSprop step in float32. Rounds pair the
compiled net with each of the others; the ratio is the other's time over the compiled net's (more
is better), the median over the rounds with its quartiles. Before, the losses of the first batches
must agree.

    python benchmarks/char_lstm.py --text tinyshakespeare.txt
    python benchmarks/char_lstm.py --rounds 30 --threads 1    # on the documentation inside Python
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
from torch import nn as torch_nn

import graphnet as gn
from graphnet import nn, optim, train
from graphnet.cli.text.options import Options

DEFAULTS = Options()
HIDDEN, LAYERS = DEFAULTS.hidden, DEFAULTS.layers
STEPS, ROWS = DEFAULTS.seq_length, DEFAULTS.batch_size
GATES = ("input_gate", "forget_gate", "output_gate", "candidate")
Step = Callable[[], float]


class ComposedCell(torch_nn.Module):
    """An LSTM cell of eight linear maps."""

    def __init__(self) -> None:
        super().__init__()
        self.i2h = torch_nn.ModuleList([torch_nn.Linear(HIDDEN, HIDDEN) for _ in GATES])
        self.h2h = torch_nn.ModuleList([torch_nn.Linear(HIDDEN, HIDDEN) for _ in GATES])

    def forward(
        self, x: torch.Tensor, c: torch.Tensor, h: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        sums = [i2h(x) + h2h(h) for i2h, h2h in zip(self.i2h, self.h2h, strict=True)]
        i, f, o = (torch.sigmoid(total) for total in sums[:3])
        next_c = f * c + i * torch.tanh(sums[3])
        return next_c, o * torch.tanh(next_c)


class ComposedModel(torch_nn.Module):
    """The character model, with a loop over the steps."""

    def __init__(self, characters: int) -> None:
        super().__init__()
        self.lookup = torch_nn.Embedding(characters, HIDDEN)
        self.cells = torch_nn.ModuleList([ComposedCell() for _ in range(LAYERS)])
        self.decoder = torch_nn.Linear(HIDDEN, characters)

    def forward(
        self, indices: torch.Tensor, states: list[torch.Tensor]
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        xs, finals = self.lookup(indices).unbind(0), []
        for layer, cell in enumerate(self.cells):
            c, h = states[2 * layer : 2 * layer + 2]
            outputs = []
            for x in xs:
                c, h = cell(x, c, h)
                outputs.append(h)
            xs = tuple(outputs)
            finals += [c.detach(), h.detach()]
        return torch.log_softmax(self.decoder(torch.stack(xs)), -1), finals


def copy_parameters(net: gn.GModule, model: ComposedModel) -> None:
    """Give the PyTorch model the values of ours."""

    def fill(theirs: torch_nn.Module, ours: nn.Linear) -> None:
        for name, parameter in ours.own_parameters():
            getattr(theirs, name).data[...] = torch.from_numpy(parameter.data.copy())

    fill(model.lookup, net["lookup"].module)
    fill(model.decoder, net["scores"].module)
    for layer, each in enumerate(model.cells, 1):
        cell: Any = each
        graph = net[f"lstm{layer}"].module.cell
        for index, gate in enumerate(GATES):
            fill(cell.i2h[index], graph[f"{gate}.i2h"].module)
            fill(cell.h2h[index], graph[f"{gate}.h2h"].module)


class Batches:
    """The training batches of a text, one after the other and round again."""

    def __init__(self, text: str) -> None:
        vocabulary = train.Vocabulary(text)
        self.characters = len(vocabulary)
        self.pairs, _ = train.TextBatches(vocabulary.encode(text), ROWS, STEPS).split()
        self._next = 0

    def take(self) -> tuple[np.ndarray, np.ndarray]:
        pair = self.pairs[self._next % len(self.pairs)]
        self._next += 1
        return pair


def own_net(characters: int) -> gn.GModule:
    """As ``graphnet lstm`` makes it."""
    gn.manual_seed(DEFAULTS.seed)
    return train.character_model(characters, HIDDEN, LAYERS)


def own_step(text: str, compiled: bool) -> Step:
    """A batch of the trainer; gives the loss."""
    batches = Batches(text)
    net = own_net(batches.characters)
    trainer = train.Trainer(
        net,
        nn.ClassNLLCriterion(),
        optim.RMSprop(net, DEFAULTS.learning_rate, decay=0.95),
        states=train.initial_states(LAYERS, HIDDEN, ROWS),
        loss_scale=STEPS,
        max_value=5.0,
        compile=compiled,
    )
    return lambda: trainer.train_batch(*batches.take())


def torch_step(text: str) -> Step:
    """The same in PyTorch."""
    batches = Batches(text)
    model = ComposedModel(batches.characters)
    copy_parameters(own_net(batches.characters), model)
    optimizer = torch.optim.RMSprop(model.parameters(), DEFAULTS.learning_rate, alpha=0.95)
    states = [torch.zeros(ROWS, HIDDEN) for _ in range(2 * LAYERS)]

    def step() -> float:
        inputs, targets = (torch.tensor(array) for array in batches.take())
        optimizer.zero_grad()
        scores, states[:] = model(inputs, states)
        loss = torch_nn.functional.nll_loss(scores.flatten(0, 1), targets.flatten())
        torch.autograd.backward(loss * STEPS)
        torch_nn.utils.clip_grad_value_(model.parameters(), 5.0)
        optimizer.step()
        return float(loss.detach())

    return step


def require_agreement(sides: dict[str, Step], batches: int) -> float:
    """The largest difference between the losses of the first batches; ends where it is large."""
    losses = np.array([[step() for step in sides.values()] for _ in range(batches)])
    worst = float(np.ptp(losses, axis=1).max())
    if not worst <= 5e-3:
        raise SystemExit(f"the losses of {', '.join(sides)} differ:\n{losses}")
    return worst


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--text", metavar="FILE", help="UTF-8; else Python's documentation")
    parser.add_argument("--warm-up", type=at_least(1), default=5, metavar="N", help="batches (5)")
    add_timing(parser, rounds=30)
    options = parser.parse_args()
    known = started(options.threads)
    text = train.read_text(options.text) if options.text else train.documentation_text()
    sides = {
        "graphnet, compiled": own_step(text, compiled=True),
        "graphnet, interpreter": own_step(text, compiled=False),
        "PyTorch, eager": torch_step(text),
    }
    worst = require_agreement(sides, 1 if options.quick else options.warm_up)
    rounds, least = rounds_of(options)
    (ours_name, ours), *peers = sides.items()
    rows: list[dict[str, Any]] = []
    for name, peer in peers:
        timing = by_turns(ours, peer, rounds, least=least)
        rows.append({"ours": ours_name, "peer": name} | timing.numbers())
    if options.json != "-":
        print(tables.facts_line(known))
        print(f"{LAYERS} x {HIDDEN} units, {STEPS} steps, batch {ROWS}; ms a batch")
        print(f"losses of the first batches differ by at most {worst:.0e}\n")
        lines = [[r["peer"], tables.figure(r["peer_ms"]), tables.figure(r["ours_ms"]),
                  tables.ratio_text(r)] for r in rows]  # fmt: skip
        print(tables.markdown(["", "its ms", f"{ours_name}, ms", "ratio"], lines))
    tables.finish(options.json, known, rows)


if __name__ == "__main__":
    main()
