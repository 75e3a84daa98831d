"""Optimisers that update the flat parameter vector of a net in place, and gradient clipping."""

import sys
from typing import TYPE_CHECKING, Any

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
from graphnet.tracebacks import public

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


if not TYPE_CHECKING:  # type checkers report missing names

    @public
    def __getattr__(name: str) -> Any:
        """What a name of another library stands for, or an error that tells it."""
        return OPTIMISERS.attribute(sys.modules[__name__], __name__, name)
