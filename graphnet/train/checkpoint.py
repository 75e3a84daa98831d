"""Checkpoints: everything that the next batch depends on, in one file beside the net."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphnet.errors import DataError, FormatError
from graphnet.graph import Module
from graphnet.graph.storage import Stored, read, save
from graphnet.train.history import History
from graphnet.train.text import require_same_characters

if TYPE_CHECKING:
    from graphnet.train.trainer import Trainer

POSITION = "position"
TEXT_DIGEST = "text_sha256"
CHECKPOINT = "The checkpoint"
OPTIMIZER, STATE = "optimizer.", "state."


def save_checkpoint(trainer: Trainer, path: str | Path) -> None:
    """Write the net, the optimiser, the carried states, the losses and the position, atomically."""
    state = trainer.optimizer.state()
    numbers = {k: v for k, v in state.items() if not isinstance(v, np.ndarray)}
    arrays = {OPTIMIZER + k: v for k, v in state.items() if isinstance(v, np.ndarray)}
    arrays |= {STATE + str(i): state for i, state in enumerate(trainer.states)}
    arrays |= trainer.history.arrays()
    position = {
        "batches": trainer.batches_done,
        "learning_rate": trainer.learning_rate,
        "optimizer": numbers,
        "generator": trainer.net.generator.bit_generator.state,
    }
    save(trainer.net, path, notes={**trainer.notes, POSITION: position}, arrays=arrays)


def load_checkpoint(trainer: Trainer, path: str | Path) -> None:
    """Put a trainer where it was when the file was written.

    Raises FormatError for a file that is no checkpoint of such a net, DataError where the notes
    (vocabulary, options) are not those of the trainer.
    """
    stored = read(path)
    name = Path(path).name
    position = stored.notes.get(POSITION)
    if position is None:
        raise FormatError(
            "holds a net, but no state of a training",
            "Expected a checkpoint written while training.",
            name,
        )
    require_same_notes(stored.notes, trainer.notes)
    copy_parameters(stored.module, trainer.net, name)
    try:
        restore(trainer, position, stored)
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(
            f"is not a whole checkpoint ({type(error).__name__}: {error})", "", name
        ) from None


def restore(trainer: Trainer, position: Mapping[str, Any], stored: Stored) -> None:
    """Everything but the parameters."""
    vectors = {
        k.removeprefix(OPTIMIZER): v for k, v in stored.arrays.items() if k.startswith(OPTIMIZER)
    }
    trainer.optimizer.load_state({**position["optimizer"], **vectors})
    count = sum(key.startswith(STATE) for key in stored.arrays)
    states = [stored.arrays[STATE + str(i)] for i in range(count)]
    found, expected = ([(s.shape, str(s.dtype)) for s in part] for part in (states, trainer.states))
    if found != expected:
        raise FormatError(
            f"carries states {found}, expected {expected}",
            "Is the batch size the same?",
            CHECKPOINT,
        )
    trainer.states = states
    trainer.history = History.from_arrays(stored.arrays)
    trainer.batches_done = int(position["batches"])
    trainer.learning_rate = float(position["learning_rate"])
    trainer.net.generator.bit_generator.state = position["generator"]


def require_same_notes(stored: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """What the caller noted must be what was noted when the training began."""
    if "vocabulary" in given and "vocabulary" in stored:
        require_same_characters(stored["vocabulary"], given["vocabulary"])
    for name, value in given.items():
        if name in stored and stored[name] != value:
            problem, hint = (
                f"with {name} {stored[name]}, received {value}",
                f"Leave {name} as it was",
            )
            if name == TEXT_DIGEST:
                problem, hint = "on another text", "Resume with that text"
            raise DataError(
                f"was trained {problem}", f"{hint}, or start anew in another folder.", CHECKPOINT
            )


def copy_parameters(source: Module, target: Module, name: str) -> None:
    """Give one net the values of another of the same build."""
    theirs, ours = source.parameters().named, target.parameters().named
    found = [(p.shape, p.dtype) for p in theirs.values()]
    expected = [(p.shape, p.dtype) for p in ours.values()]
    if found != expected:
        raise FormatError(
            f"holds a net with {len(found)} parameters ({sum(p.size for p in theirs.values()):,} "
            f"numbers), expected {len(expected)} ({sum(p.size for p in ours.values()):,} numbers)",
            "Build the net with the options of the checkpoint.",
            name,
        )
    for parameter, values in zip(ours.values(), theirs.values(), strict=True):
        parameter.data = values.data
