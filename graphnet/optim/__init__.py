"""Optimisers that work in place on the flat parameter vector of a net, and gradient clipping."""

from graphnet.optim.adam import Adam
from graphnet.optim.clipping import clip_grad_norm, clip_grad_value
from graphnet.optim.optimizer import Optimizer
from graphnet.optim.rmsprop import RMSprop
from graphnet.optim.sgd import SGD

__all__ = ["SGD", "Adam", "Optimizer", "RMSprop", "clip_grad_norm", "clip_grad_value"]
