"""Layers of values: constants, indices as values, folded axes, reversed order."""

from graphnet.nn.layers.values import constant, folding, indices, order
from graphnet.nn.layers.values.constant import *  # noqa: F403
from graphnet.nn.layers.values.folding import *  # noqa: F403
from graphnet.nn.layers.values.indices import *  # noqa: F403
from graphnet.nn.layers.values.order import *  # noqa: F403

__all__: list[str] = []
__all__ += constant.__all__
__all__ += folding.__all__
__all__ += indices.__all__
__all__ += order.__all__
