"""Optimisers that update the flat parameter vector of a net in place, and gradient clipping."""

from typing import TYPE_CHECKING

from graphnet.names_from_elsewhere import OPTIMISERS
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

if not TYPE_CHECKING:  # type checkers report missing names
    __dir__, __getattr__ = OPTIMISERS.lookups(__name__, __all__)
