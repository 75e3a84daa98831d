"""Transfer functions beside the first ones: smooth rectifiers, softmax in pictures, noise."""

from graphnet.nn.layers.transfer import noise, smooth_rectifiers, spatial_softmax
from graphnet.nn.layers.transfer.noise import *  # noqa: F403
from graphnet.nn.layers.transfer.smooth_rectifiers import *  # noqa: F403
from graphnet.nn.layers.transfer.spatial_softmax import *  # noqa: F403

__all__: list[str] = []
__all__ += noise.__all__
__all__ += smooth_rectifiers.__all__
__all__ += spatial_softmax.__all__
