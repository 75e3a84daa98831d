"""Texts, nets and trainers for tests of training."""

import signal

import numpy as np

import graphnet as gn
from graphnet import nn, optim, train

TEXT = "the quick brown fox jumps over the lazy dog; " * 12


def small_trainer(path=None, *, text=TEXT, rows=3, dropout=0.3, net=None, **settings):
    """A two-layer character model with dropout on a short text; 11 batches an epoch."""
    gn.manual_seed(7)
    vocabulary = train.Vocabulary(text)
    net = net or train.character_model(len(vocabulary), hidden=6, layers=2, dropout=dropout)
    net.seed(8)
    defaults = {
        "states": train.initial_states(2, 6, rows),
        "max_value": 1.0,
        "schedule": train.decay_after(1, 0.5),
        "notes": {"vocabulary": vocabulary.characters},
        "show_progress": False,
    }
    trainer = train.Trainer(
        net,
        nn.ClassNLLCriterion(),
        optim.RMSprop(net, 0.01, decay=0.9),
        checkpoint=path,
        **{**defaults, **settings},
    )
    batches = train.TextBatches(vocabulary.encode(text), rows, 15)
    return trainer, *batches.split(0.95)


def everything(trainer):
    """All that two trainings of the same bits share."""
    state = trainer.optimizer.state()
    return {
        "parameters": trainer.net.flatten_parameters()[0],
        **{f"optimizer.{name}": value for name, value in state.items()},
        **{f"state{i}": value for i, value in enumerate(trainer.states)},
        "losses": np.array(trainer.history.training),
        "validation": np.array(trainer.history.validation),
        "next random numbers": trainer.net.generator.random(4),
    }


def saved(path):
    """After how many batches a checkpoint was written."""
    reader, _, _ = small_trainer()
    reader.load(path)
    return reader.batches_done


class Interrupting(list):
    """Batches during one of which Ctrl-C is pressed."""

    def __init__(self, batches, at):
        super().__init__(batches)
        self.at = at

    def __getitem__(self, index):
        if index == self.at:
            signal.raise_signal(signal.SIGINT)
        return super().__getitem__(index)
