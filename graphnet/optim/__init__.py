"""Optimisers that update the flat parameter vector of a net in place, and gradient clipping."""

from typing import TYPE_CHECKING

from graphnet.names.packages import OPTIMISERS
from graphnet.optim import schedules
from graphnet.optim.adadelta import Adadelta
from graphnet.optim.adagrad import Adagrad
from graphnet.optim.adam import Adam, AdamW
from graphnet.optim.adamax import Adamax
from graphnet.optim.asgd import ASGD
from graphnet.optim.base.optimizer import Optimizer
from graphnet.optim.clipping import clip_grad_norm, clip_grad_value
from graphnet.optim.nag import NAG
from graphnet.optim.rmsprop import RMSprop
from graphnet.optim.rprop import Rprop
from graphnet.optim.sgd import SGD
from graphnet.optim.whole_batch.cg import CG
from graphnet.optim.whole_batch.lbfgs import LBFGS

__all__ = [
    "ASGD",
    "CG",
    "LBFGS",
    "NAG",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Optimizer",
    "RMSprop",
    "Rprop",
    "clip_grad_norm",
    "clip_grad_value",
    "schedules",
]

if not TYPE_CHECKING:  # type checkers report missing names
    __dir__, __getattr__ = OPTIMISERS.lookups(__name__, __all__)
