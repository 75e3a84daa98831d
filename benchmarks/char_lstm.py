"""Training step of char-rnn's model: graphnet's interpreter and eager PyTorch, by turns.

The same net in both, from the same parameters: an embedding, two LSTM layers of 128 composed of
eight linear maps each, a decoder, the likelihood of 50 x 50 characters; forward, backward,
clipping and an RMSprop step in float32. One round times one step of each, in changing order;
the ratio is PyTorch's time over ours (more is better), the median over the rounds.

    python benchmarks/char_lstm.py --rounds 30
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn as torch_nn

import graphnet as gn
from graphnet import nn, optim, train

CHARACTERS, HIDDEN, LAYERS, STEPS, ROWS = 65, 128, 2, 50, 50
GATES = ("input_gate", "forget_gate", "output_gate", "candidate")


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

    def __init__(self) -> None:
        super().__init__()
        self.lookup = torch_nn.Embedding(CHARACTERS, HIDDEN)
        self.cells = torch_nn.ModuleList([ComposedCell() for _ in range(LAYERS)])
        self.decoder = torch_nn.Linear(HIDDEN, CHARACTERS)

    def forward(self, indices: torch.Tensor, states: list[torch.Tensor]) -> torch.Tensor:
        xs = self.lookup(indices).unbind(0)
        for layer, cell in enumerate(self.cells):
            c, h = states[2 * layer : 2 * layer + 2]
            outputs = []
            for x in xs:
                c, h = cell(x, c, h)
                outputs.append(h)
            xs = tuple(outputs)
        return torch.log_softmax(self.decoder(torch.stack(xs)), -1)


def copy_parameters(net: gn.GModule, model: ComposedModel) -> None:
    """Give the PyTorch model the values of ours."""

    def fill(theirs: torch_nn.Module, ours: nn.Linear) -> None:
        for name, parameter in ours.own_parameters():
            getattr(theirs, name).data[...] = torch.from_numpy(parameter.data.copy())

    fill(model.lookup, net["lookup"].module)
    fill(model.decoder, net["scores"].module)
    for layer, cell in enumerate(model.cells, 1):
        graph = net[f"lstm{layer}"].module.cell
        for index, gate in enumerate(GATES):
            fill(cell.i2h[index], graph[f"{gate}.i2h"].module)
            fill(cell.h2h[index], graph[f"{gate}.h2h"].module)


def steps(inputs: np.ndarray, targets: np.ndarray) -> tuple[Callable[[], float], ...]:
    """One training step of each side; both return the loss before it."""
    gn.manual_seed(1)
    net = train.character_model(CHARACTERS, HIDDEN, LAYERS)
    trainer = train.Trainer(
        net,
        nn.ClassNLLCriterion(),
        optim.RMSprop(net, 2e-3, decay=0.95),
        states=train.initial_states(LAYERS, HIDDEN, ROWS),
        loss_scale=STEPS,
        clip_value=5.0,
    )
    model = ComposedModel()
    copy_parameters(net, model)
    optimizer = torch.optim.RMSprop(model.parameters(), 2e-3, alpha=0.95)
    indices, classes = torch.from_numpy(inputs), torch.from_numpy(targets.reshape(-1))
    zeros = [torch.zeros(ROWS, HIDDEN) for _ in range(2 * LAYERS)]

    def ours() -> float:
        trainer.states = trainer.initial_states
        return trainer.train_batch(inputs, targets)

    def theirs() -> float:
        optimizer.zero_grad()
        scores = model(indices, zeros)
        loss = torch.nn.functional.nll_loss(scores.reshape(-1, CHARACTERS), classes)
        (loss * STEPS).backward()
        torch_nn.utils.clip_grad_value_(model.parameters(), 5.0)
        optimizer.step()
        return float(loss.detach())

    return ours, theirs


def timed(step: Callable[[], float]) -> float:
    start = time.perf_counter()
    step()
    return 1000 * (time.perf_counter() - start)


def processor() -> str:
    """The processor's name, where the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def quartiles(values: np.ndarray) -> str:
    low, middle, high = np.percentile(values, [25, 50, 75])
    return f"{middle:7.2f}   (quartiles {low:.2f} to {high:.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--warm-up", type=int, default=5)
    options = parser.parse_args()
    threads = min(2, os.cpu_count() or 1)
    torch.set_num_threads(threads)
    random = np.random.default_rng(0)
    inputs, targets = random.integers(CHARACTERS, size=(2, STEPS, ROWS))
    both = steps(inputs, targets)
    losses = np.array([[step() for step in both] for _ in range(max(1, options.warm_up))])
    difference = np.abs(losses[:, 0] - losses[:, 1]).max()
    assert difference < 1e-3, f"the two nets differ: losses {losses}"
    times = np.empty((options.rounds, 2))
    for index in range(options.rounds):
        for side in (0, 1) if index % 2 else (1, 0):
            times[index, side] = timed(both[side])
    print(f"{processor()}, {os.cpu_count()} cores, {threads} threads for PyTorch")
    print(
        f"Python {platform.python_version()}, NumPy {np.__version__}, PyTorch {torch.__version__}"
    )
    print(f"{LAYERS} x {HIDDEN} units, {STEPS} steps, batch {ROWS}, {options.rounds} rounds")
    print(f"losses of the first {len(losses)} steps differ by at most {difference:.0e}")
    print(f"graphnet interpreter, ms a batch  {quartiles(times[:, 0])}")
    print(f"PyTorch eager, ms a batch         {quartiles(times[:, 1])}")
    print(f"ratio, PyTorch's time over ours   {quartiles(times[:, 1] / times[:, 0])}")


if __name__ == "__main__":
    main()
