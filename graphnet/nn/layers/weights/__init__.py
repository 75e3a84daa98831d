"""Layers with weights beside Linear: LookupTable, PartialLinear, Maxout."""

from graphnet.nn.layers.weights.lookup import LookupTable
from graphnet.nn.layers.weights.partial_linear import Maxout, PartialLinear

__all__ = ["LookupTable", "Maxout", "PartialLinear"]
