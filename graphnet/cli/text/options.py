"""The options of ``graphnet lstm``: defaults, the quick set, and what a resumed training keeps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from graphnet.errors import FormatError
from graphnet.train.checkpoints.checkpoint import TEXT_DIGEST
from graphnet.train.text.saved_model import CharacterModel


@dataclass(frozen=True, slots=True)
class Options:
    """char-rnn's defaults, except for the number of epochs (there 50)."""

    text: str | None = None
    hidden: int = 128
    layers: int = 2
    seq_length: int = 50
    batch_size: int = 50
    epochs: int = 10
    learning_rate: float = 2e-3
    dropout: float = 0.0
    seed: int = 123


QUICK: dict[str, Any] = {
    "layers": 1,
    "seq_length": 25,
    "batch_size": 20,
    "epochs": 1,
    "learning_rate": 8e-3,
}
"""What ``--quick`` changes."""

KEPT = ("hidden", "layers", "seq_length", "batch_size", "learning_rate", "dropout", "seed")
"""What must stay the same when a training is resumed."""


LOWEST = {"hidden": 1, "layers": 1, "seq_length": 1, "batch_size": 1, "epochs": 1}
"""The least that an option may be; others may be 0."""


def chosen(given: Mapping[str, Any], quick: bool, stored: Mapping[str, Any]) -> Options:
    """The options given on the command line, over those of the checkpoint, over the defaults.

    Raises FormatError where the checkpoint's are none that this command writes.
    """
    defaults = replace(Options(), **QUICK) if quick else Options()
    known = {name: stored[name] for name in ("text", "epochs", *KEPT) if name in stored}
    for name, value in known.items():
        if not is_valid(name, value):
            raise FormatError(f"notes {name} as {value!r}", "", "The checkpoint")
    return replace(defaults, **{**known, **given})


def is_valid(name: str, value: Any) -> bool:
    """Whether a checkpoint may note this: the type and range of the option."""
    if name == "text":
        return value is None or isinstance(value, str)
    limit = 1 if name == "dropout" else math.inf
    same_type = type(value) is type(getattr(Options(), name))
    return same_type and LOWEST.get(name, 0) <= value < limit


def noted(model: CharacterModel) -> dict[str, Any]:
    """The notes beside a model, whose net must be of the sizes that they name."""
    sizes = {"hidden": model.hidden, "layers": model.layers}
    for name, size in sizes.items():
        if model.notes.get(name, size) != size:
            raise FormatError(
                f"notes {name} as {model.notes[name]!r}, but its net has {size}",
                "",
                "The checkpoint",
            )
    return {**model.notes, **sizes}


def notes_of(options: Options, vocabulary: str, digest: str) -> dict[str, Any]:
    """What a checkpoint notes, and compares when it is loaded."""
    kept = {name: getattr(options, name) for name in KEPT}
    return {"vocabulary": vocabulary, **kept, TEXT_DIGEST: digest}
