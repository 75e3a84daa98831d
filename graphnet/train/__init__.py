"""Training: text and batches, the character model, the loop with checkpoints, sampling, plots."""

from typing import TYPE_CHECKING

from graphnet.names.packages import TRAINING
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

if not TYPE_CHECKING:  # type checkers report missing names
    __dir__, __getattr__ = TRAINING.lookups(__name__, __all__)
