"""Transfer functions beside the first ones: smooth rectifiers, softmax in pictures, noise."""

from graphnet.nn.layers.transfer.noise import TotalDropout, WhiteNoise
from graphnet.nn.layers.transfer.smooth_rectifiers import SELU, HardSigmoid, HardSwish, Mish, SiLU
from graphnet.nn.layers.transfer.spatial_softmax import SpatialLogSoftMax, SpatialSoftMax

__all__ = [
    "SELU",
    "HardSigmoid",
    "HardSwish",
    "Mish",
    "SiLU",
    "SpatialLogSoftMax",
    "SpatialSoftMax",
    "TotalDropout",
    "WhiteNoise",
]
