"""Normalisation with state or parameters of its own: of a batch, of weights."""

from graphnet.nn.layers.normalizing import batch, weight
from graphnet.nn.layers.normalizing.batch import *  # noqa: F403
from graphnet.nn.layers.normalizing.weight import *  # noqa: F403

__all__: list[str] = []
__all__ += batch.__all__
__all__ += weight.__all__
