"""Layers of values: constants, indices as values, folded axes, reversed order."""

from graphnet.nn.layers.values.constant import Constant
from graphnet.nn.layers.values.folding import Flatten, Unflatten
from graphnet.nn.layers.values.indices import ArgMax, MaskedSelect, OneHot
from graphnet.nn.layers.values.order import ReverseTable, SeqReverseSequence, ZipTableOneToMany

__all__ = [
    "ArgMax",
    "Constant",
    "Flatten",
    "MaskedSelect",
    "OneHot",
    "ReverseTable",
    "SeqReverseSequence",
    "Unflatten",
    "ZipTableOneToMany",
]
