"""Optimisers that update the flat parameter vector of a net in place, and gradient clipping."""

from graphnet.optim.adadelta import Adadelta
from graphnet.optim.adagrad import Adagrad
from graphnet.optim.adam import Adam
from graphnet.optim.adamax import Adamax
from graphnet.optim.asgd import ASGD
from graphnet.optim.clipping import clip_grad_norm, clip_grad_value
from graphnet.optim.nag import NAG
from graphnet.optim.optimizer import Optimizer
from graphnet.optim.rmsprop import RMSprop
from graphnet.optim.rprop import Rprop
from graphnet.optim.sgd import SGD

__all__ = [
    "ASGD",
    "NAG",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "Adamax",
    "Optimizer",
    "RMSprop",
    "Rprop",
    "clip_grad_norm",
    "clip_grad_value",
]


def __dir__() -> list[str]:
    """The public names alone."""
    return __all__
