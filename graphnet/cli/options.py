"""The options of ``graphnet lstm``: defaults, the quick set, and what a resumed training keeps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from graphnet.errors import DataError, FormatError
from graphnet.train.checkpoint import TEXT_DIGEST


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


def chosen(given: Mapping[str, Any], quick: bool, stored: Mapping[str, Any]) -> Options:
    """The options given on the command line, over those of the checkpoint, over the defaults.

    Raises FormatError where the checkpoint's are not of the right types, DataError for a NaN.
    """
    defaults = replace(Options(), **QUICK) if quick else Options()
    known = {name: stored[name] for name in ("text", *KEPT) if name in stored}
    for name, value in known.items():
        kinds = (str, type(None)) if name == "text" else type(getattr(defaults, name))
        if not isinstance(value, kinds):
            raise FormatError(f"notes {name} as {value!r}", "", "The checkpoint")
    options = replace(defaults, **{**known, **given})
    for name in ("learning_rate", "dropout"):
        if not math.isfinite(getattr(options, name)):
            raise DataError(f"{name} is {getattr(options, name)}, expected a finite number")
    return options


def notes_of(options: Options, vocabulary: str, digest: str) -> dict[str, Any]:
    """What a checkpoint notes, and compares when it is loaded."""
    kept = {name: getattr(options, name) for name in KEPT}
    return {"vocabulary": vocabulary, **kept, TEXT_DIGEST: digest}
