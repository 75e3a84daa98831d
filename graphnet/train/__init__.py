"""Training: text and batches, the character model, the loop with checkpoints, sampling, plots."""

from graphnet.train.batches import TextBatches
from graphnet.train.gradient_flow import GradientFlow, draw_gradient_flow, gradient_flow
from graphnet.train.history import Epoch, History, draw_losses
from graphnet.train.model import character_model, initial_states
from graphnet.train.pictures import Pictures
from graphnet.train.sampling import sample
from graphnet.train.schedule import decay_after
from graphnet.train.text import Vocabulary, documentation_text, read_text
from graphnet.train.trainer import Trainer

__all__ = [
    "Epoch",
    "GradientFlow",
    "History",
    "Pictures",
    "TextBatches",
    "Trainer",
    "Vocabulary",
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
