"""Training: text and batches, the character model, the loop with checkpoints, sampling, plots."""

import sys
from typing import TYPE_CHECKING, Any

from graphnet.names_from_elsewhere import TRAINING
from graphnet.tracebacks import public
from graphnet.train.loop.metrics import accuracy
from graphnet.train.loop.sampling import sample
from graphnet.train.loop.schedule import decay_after
from graphnet.train.loop.trainer import Trainer
from graphnet.train.reports.gradient_flow import GradientFlow, draw_gradient_flow, gradient_flow
from graphnet.train.reports.history import Batch, Epoch, History, draw_losses
from graphnet.train.reports.pictures import Pictures
from graphnet.train.text.batches import TextBatches
from graphnet.train.text.model import character_model, initial_states
from graphnet.train.text.vocabulary import Vocabulary, documentation_text, read_text

__all__ = [
    "Batch",
    "Epoch",
    "GradientFlow",
    "History",
    "Pictures",
    "TextBatches",
    "Trainer",
    "Vocabulary",
    "accuracy",
    "character_model",
    "decay_after",
    "documentation_text",
    "draw_gradient_flow",
    "draw_losses",
    "gradient_flow",
    "initial_states",
    "read_text",
    "sample",
]


def __dir__() -> list[str]:
    """The public names alone."""
    return __all__


if not TYPE_CHECKING:  # type checkers report missing names

    @public
    def __getattr__(name: str) -> Any:
        """What a name of another library stands for, or an error that tells it."""
        return TRAINING.attribute(sys.modules[__name__], __name__, name)
