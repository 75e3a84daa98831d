"""How far gradients reach back: an RNN, the LSTM of 1997, and the LSTM with a forget gate.

Trained on the adding problem of Hochreiter & Schmidhuber 1997 (two of many numbers are marked: give
their sum) and on a copy task (which symbol came first?).
"""

import argparse
from pathlib import Path

import numpy as np

import graphnet as gn
from graphnet import nn, optim, train

parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
parser.add_argument("--quick", action="store_true", help="40 steps, not 200, and less training")
parser.add_argument("--out", type=Path, default=Path("vanishing"), help="folder for the pictures")
options = parser.parse_args()
options.out.mkdir(parents=True, exist_ok=True)
steps, rows, count = (40, 32, 250) if options.quick else (200, 64, 600)
random = np.random.default_rng(1)


def adding(rows):
    """Numbers and marks (steps, rows, 2), one mark in each half; sums (rows, 1)."""
    inputs = np.stack([random.uniform(size=(steps, rows)), np.zeros((steps, rows))], axis=-1)
    for half in (0, steps // 2):
        inputs[half + random.integers(steps // 2, size=rows), range(rows), 1] = 1
    return inputs, inputs.prod(-1).sum(0)[:, None]


def copying(rows):
    """One of 8 symbols, then 8 other ones at random (steps, rows, 16); the first one (rows,)."""
    symbols = random.integers(8, 16, size=(steps, rows))
    symbols[0] -= 8
    return np.eye(16)[symbols], symbols[0]


def cell_of(name, size):
    """A cell of 16 units; input gates are nearly closed at first, as in 1997, forget gates open."""
    kinds = {"rnn": nn.rnn_cell, "lstm_1997": nn.lstm_cell_1997, "lstm": nn.lstm_cell}
    cell = kinds[name](size, 16)
    for gate, bias in {"input_gate": -3, "forget_gate": 1}.items():
        if gate in cell:
            cell[f"{gate}.i2h"].bias[:] = bias
    return cell


def row(name, flow, cell):
    """The loss, and how dE/ds_k shrinks on its way from the last step to the first."""
    norms = next(iter(flow.norms.values()))
    mean = (norms[0] / norms[-1]) ** (1 / (steps - 1))
    print(f"{name:18}{flow.loss:8.4f}{norms[0]:12.1e}{norms[-1]:12.1e}{mean:8.3f}", end="")
    if "h2h" in cell:  # Pascanu et al. 2013: no factor is above |W| max|tanh'|; tanh' is at most 1
        largest, spectral = (norms[:-1] / norms[1:]).max(), np.linalg.norm(cell["h2h"].weight, 2)
        print(f", largest {largest:.3f} <= {spectral:.3f} (Pascanu)", end="")
    print()


losses = []
for task, size, answers, criterion, blind in [
    (adding, 2, 1, nn.MSECriterion(), 1 / 6),
    (copying, 16, 8, nn.CrossEntropyCriterion(), np.log(8)),
]:
    print(f"{task.__name__}, {steps} steps: an answer without memory has the loss {blind:.4f}")
    print("                      loss |dE/ds| first        last  factor of a step, mean")
    batches, (inputs, target), flows = [task(rows) for _ in range(count)], task(256), {}
    for name in ("rnn", "lstm_1997", "lstm"):
        gn.manual_seed(1)
        cell, xs = cell_of(name, size), gn.input()
        last = nn.Select(0, -1)(nn.SelectTable(0)(nn.Recurrent(cell)(xs)))
        net = gn.GModule(xs, nn.Linear(16, answers)(last))
        trainer = train.Trainer(net, criterion, optim.Adam(net, learning_rate=0.01), max_norm=1)
        for moment, epochs in [("before", 0), ("after", 1)]:
            trainer.fit(batches, epochs)
            flow = flows[f"{name} {moment}"] = gn.gradient_flow(net, inputs, target, criterion)
            row(f"{name} {moment}", flow, cell)
        losses.append(f"{task.__name__} {name} {flow.loss:.4f}")
    train.draw_gradient_flow(flows, options.out / f"{task.__name__}.svg")
print("loss after training:", ", ".join(losses))
