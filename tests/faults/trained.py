"""A small training whose every bit is known: to be killed, resumed and compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import graphnet as gn
from graphnet import nn, optim, train
from tests.faults.nets import small

BATCHES, EPOCHS = 12, 3


def batches() -> list[Any]:
    rng = np.random.default_rng(5)
    return [(rng.normal(size=(8, 4)), rng.normal(size=(8, 2))) for _ in range(BATCHES)]


def trainer_for(path: Path | None, width: int = 0) -> train.Trainer:
    """One that saves after each batch; ``width`` makes the file larger."""
    gn.manual_seed(7)
    net: Any = small()
    if width:
        x = gn.input()
        net = gn.GModule(x, nn.Linear(width, 2)(nn.Dropout(0.3)(nn.Linear(4, width)(net_input(x)))))
    return train.Trainer(
        net, nn.MSECriterion(), optim.Adam(net, 0.01), checkpoint=path, checkpoint_every=1,
        show_progress=False,
    )  # fmt: skip


def net_input(x: Any) -> Any:
    return nn.Tanh()(x)


def bits(trainer: train.Trainer) -> bytes:
    """All that a training leads to."""
    state = trainer.optimizer.state()
    arrays = [v for v in state.values() if isinstance(v, np.ndarray)]
    losses = np.array(trainer.history.training)
    return b"".join(a.tobytes() for a in [*arrays, losses, trainer.net.flatten_parameters()[0]])


def fit(path: Path | None, width: int) -> train.Trainer:
    """Train to the end, from the checkpoint if there is one."""
    trainer = trainer_for(path, width)
    if path is not None and path.exists():
        trainer.load()
    trainer.fit(batches(), EPOCHS)
    return trainer
