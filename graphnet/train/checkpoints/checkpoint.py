"""Checkpoints: the whole state of a training, in one file with the net."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from graphnet.errors import DataError, FormatError, GraphError
from graphnet.graph import Module
from graphnet.graph.files.description import describe
from graphnet.graph.files.save_load import Stored, read, save
from graphnet.ir.core.types import NDArray
from graphnet.source import warn
from graphnet.train.checkpoints.optimizer_order import in_order_of, order_of
from graphnet.train.checkpoints.same_net import copy_values, require_same_net
from graphnet.train.checkpoints.training_state import (
    MODES,
    POSITION,
    Best,
    TrainingState,
    usual_mode,
)
from graphnet.train.reports.history import History
from graphnet.train.text.vocabulary import require_same_characters

TEXT_DIGEST = "text_sha256"
VOCABULARY = "vocabulary"
CHECKPOINT = "The checkpoint"
OPTIMIZER, STATE = "optimizer.", "state."
ORDER = "optimizer_order"
BEST, LAST = "best", "last"
BEST_BUFFER, LAST_BUFFER = "best_buffer.", "last_buffer."
BEST_NOTES = ("epoch", "value", "monitor", "mode")


def require_savable(net: Module, notes: Mapping[str, Any]) -> None:
    """Raise GraphError for a net or notes that no checkpoint can hold."""
    describe(net)
    try:
        json.dumps(notes)
    except (TypeError, ValueError) as error:
        raise GraphError(
            f"cannot be saved in a checkpoint: {error}",
            "Notes are plain values: numbers, strings, lists, dicts of these.",
            "The trainer's notes",
        ) from None


def save_checkpoint(training: TrainingState, path: str | Path) -> None:
    """Write the net, the optimiser, the carried states, the losses and the position, atomically."""
    optimizer = training.optimizer.state()
    numbers = {k: v for k, v in optimizer.items() if not isinstance(v, np.ndarray)}
    arrays = {OPTIMIZER + k: v for k, v in optimizer.items() if isinstance(v, np.ndarray)}
    arrays |= {STATE + str(i): state for i, state in enumerate(training.states)}
    arrays |= training.history.arrays()
    best = training.best
    if best is not None:
        arrays[BEST] = best.parameters
        arrays |= {BEST_BUFFER + str(i): values for i, values in enumerate(best.buffers)}
    if training.last is not None:
        arrays[LAST] = training.last
        arrays |= {LAST_BUFFER + str(i): v for i, v in enumerate(training.last_buffers)}
    position = {
        "batches": training.batches_done,
        "epochs": training.epochs_done,
        "in_epoch": training.in_epoch,
        "shuffle_seed": training.shuffle_seed,
        "best": best and {name: getattr(best, name) for name in BEST_NOTES},
        "learning_rate": float(training.learning_rate),
        "optimizer": numbers,
        ORDER: order_of(training.optimizer.parameters().values(), training.net),
        "generator": training.net.generator.bit_generator.state,
    }
    save(training.net, path, notes={**training.notes, POSITION: position}, arrays=arrays)


def load_checkpoint(training: TrainingState, path: str | Path) -> TrainingState:
    """Put net and optimiser where they were when the file was written, and return that state.

    Raises FormatError for a file that is no checkpoint of such a net and optimiser, DataError
    where the notes (vocabulary, options) are not those given. Everything is checked before
    anything is changed.
    """
    stored = read(path)
    name = Path(path).name
    if POSITION not in stored.notes:
        raise FormatError(
            "holds a net, but no state of a training",
            "Expected a checkpoint written while training.",
            name,
        )
    if not isinstance(stored.notes.get(VOCABULARY, ""), str):
        raise FormatError("notes a vocabulary that is no text", subject=name)
    require_same_notes(stored.notes, training.notes)
    require_same_net(stored.module, training.net, name)
    try:
        restored = Restored.checked(stored, training)
    except FormatError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        problem = f"is not a whole checkpoint ({type(error).__name__}: {error})"
        raise FormatError(problem, "", name) from None
    copy_values(stored.module, training.net)
    training.optimizer.load_state(restored.optimizer)
    training.net.generator.bit_generator.state = restored.generator
    return restored.position


@dataclass(frozen=True, slots=True)
class Restored:
    """All of a checkpoint but the parameters, known to fit net and optimiser."""

    position: TrainingState
    optimizer: dict[str, Any]
    generator: dict[str, Any]

    @staticmethod
    def checked(stored: Stored, training: TrainingState) -> Restored:
        """Read from a file; raises FormatError, or what Python raises, where it does not fit."""
        position = stored.notes[POSITION]
        vectors = under(OPTIMIZER, stored.arrays)
        noted = position.get(ORDER)
        trained = training.optimizer.parameters().values()
        vectors = in_order_of(trained, training.net, noted, vectors)
        batches = number(position, "batches", int)
        restored = Restored(
            position=replace(
                training,
                batches_done=batches,
                epochs_done=number(position, "epochs", int, 0),  # it was not noted before
                in_epoch=number(position, "in_epoch", int, batches),
                shuffle_seed=number(position, "shuffle_seed", int, None),
                best=best_of(position.get("best"), stored.arrays),
                last=stored.arrays.get(LAST),
                last_buffers=tuple(under(LAST_BUFFER, stored.arrays).values()),
                learning_rate=number(position, "learning_rate", float),
                states=list(under(STATE, stored.arrays).values()),
                history=History.from_arrays(stored.arrays),
            ),
            optimizer={**position["optimizer"], **vectors},
            generator=position["generator"],
        )
        training.optimizer.check_state(restored.optimizer)
        require_same_states(restored.position.states, training.states)
        require_same_vectors(restored.position)
        type(training.net.generator.bit_generator)().state = restored.generator
        return restored


def under(prefix: str, arrays: Mapping[str, NDArray]) -> dict[str, NDArray]:
    """The arrays whose names begin so, without that beginning; numbered ones in order."""
    found = {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
    return dict(sorted(found.items(), key=lambda item: (len(item[0]), item[0])))


def number(position: Mapping[str, Any], name: str, kind: type, *absent: Any) -> Any:
    """A count or a rate, or what stands for it if it is absent; ValueError for anything else."""
    if absent and position.get(name) is None:
        return absent[0]
    value = position[name]
    if type(value) is not kind or not 0 <= value < math.inf:  # type: ignore[operator]
        raise ValueError(f"{name} is {value!r}")
    return value


def best_of(noted: Any, arrays: Mapping[str, NDArray]) -> Best | None:
    """The best epoch, if it was kept; raises KeyError, TypeError or ValueError where it is none."""
    if noted is None:
        return None
    epoch, monitor = number(noted, "epoch", int), noted["monitor"]
    if not isinstance(monitor, str):
        raise ValueError(f"monitor is {monitor!r}")
    mode = noted.get("mode", usual_mode(monitor))  # it was not noted before
    if mode not in MODES:
        raise ValueError(f"mode is {mode!r}")
    buffers = tuple(under(BEST_BUFFER, arrays).values())
    return Best(epoch, float(noted["value"]), monitor, mode, arrays[BEST], buffers)


def warn_of_another_rate(found: float, given: float, name: str) -> None:
    """Say that the learning rate of a checkpoint replaces another one."""
    if given != found:
        warn(
            f"the learning rate {found:g} of the checkpoint {name} replaces the optimiser's "
            f"{given:g}: load(learning_rate={given:g}) keeps that"
        )


def require_same_vectors(position: TrainingState) -> None:
    """Raise FormatError where the parameters of the best or the last epoch are of another size."""
    best = position.best.parameters if position.best is not None else None
    values, _ = position.net.flatten_parameters()
    for name, vector in ((BEST, best), (LAST, position.last)):
        if vector is not None and (vector.shape, vector.dtype) != (values.shape, values.dtype):
            shapes = f"{shapes_text([vector])}, expected {shapes_text([values])}"
            raise FormatError(f"holds {name} parameters {shapes}", "", CHECKPOINT)
    require_same_buffers(position)


def require_same_buffers(position: TrainingState) -> None:
    """Raise FormatError where the buffers of the best or the last epoch are of other shapes."""
    expected = [buffer.data for buffer in position.net.buffers()]
    best = expected if position.best is None else position.best.buffers
    last = expected if position.last is None else position.last_buffers
    for name, values in ((BEST, best), (LAST, last)):
        if layout(values) != layout(expected):
            shapes = f"{shapes_text(values)}, expected {shapes_text(expected)}"
            raise FormatError(f"holds {name} buffers {shapes}", "", CHECKPOINT)


def layout(arrays: Sequence[NDArray]) -> list[tuple[Any, Any]]:
    return [(array.shape, array.dtype) for array in arrays]


def require_same_states(found: Sequence[NDArray], expected: Sequence[NDArray]) -> None:
    """Raise FormatError where the carried states are of other shapes or dtypes."""
    if layout(found) != layout(expected):
        raise FormatError(
            f"carries states {shapes_text(found)}, expected {shapes_text(expected)}",
            "Is the batch size the same?",
            CHECKPOINT,
        )


def shapes_text(arrays: Sequence[NDArray]) -> str:
    return " ".join(f"{a.shape} {a.dtype}" for a in arrays) or "of none"


def require_same_notes(stored: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """What the caller noted must be what was noted when the training began."""
    if VOCABULARY in given and VOCABULARY in stored:
        require_same_characters(stored[VOCABULARY], given[VOCABULARY])
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
