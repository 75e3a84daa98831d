"""Modules: layers, table operations, activations, criteria, cells and recurrent nets."""

from graphnet.nn.activation import LogSoftMax, ReLU, Sigmoid, SoftMax, Tanh
from graphnet.nn.basic import Dropout, Identity
from graphnet.nn.linear import Linear, LookupTable
from graphnet.nn.tables import (
    CAddTable,
    CDivTable,
    CMulTable,
    CSubTable,
    JoinTable,
    NarrowTable,
    SelectTable,
    SplitTable,
)

__all__ = [
    "CAddTable",
    "CDivTable",
    "CMulTable",
    "CSubTable",
    "Dropout",
    "Identity",
    "JoinTable",
    "Linear",
    "LogSoftMax",
    "LookupTable",
    "NarrowTable",
    "ReLU",
    "SelectTable",
    "Sigmoid",
    "SoftMax",
    "SplitTable",
    "Tanh",
]
