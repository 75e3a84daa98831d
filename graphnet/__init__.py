"""graphnet: dataflow graphs of neural network modules.

>>> import numpy as np
>>> import graphnet as gn
>>> from graphnet import nn, ops, optim, train
>>> x1, x2, x3 = gn.input(), gn.input(), gn.input()
>>> linear = nn.Linear(20, 10)(x3)
>>> z = nn.CAddTable()([x1, nn.CMulTable()([x2, linear])])
>>> net = gn.GModule([x1, x2, x3], [z])
>>> weight, bias = net.parameters()
>>> a, b, c = np.ones(10), np.full(10, 2.0), np.full(20, 3.0)
>>> bool(np.allclose(net.forward([a, b, c]), b * (weight @ c + bias) + a))
True
"""

from typing import TYPE_CHECKING

from graphnet import nn, ops, optim, train
from graphnet.drawing import draw
from graphnet.errors import GraphnetError
from graphnet.graph import (
    Buffer,
    GModule,
    Module,
    Node,
    Parameter,
    Run,
    input,
    manual_seed,
    nest,
)
from graphnet.graph.files.save_load import load, save
from graphnet.graph.gradient_check import check_gradients
from graphnet.graph.training_step import compile_step
from graphnet.names.packages import PACKAGE
from graphnet.native.runtime.thread_count import set_threads
from graphnet.nn import unroll
from graphnet.train.reports.gradient_flow import gradient_flow

__version__ = "0.1.0"

__all__ = [
    "Buffer",
    "GModule",
    "GraphnetError",
    "Module",
    "Node",
    "Parameter",
    "Run",
    "check_gradients",
    "compile_step",
    "draw",
    "gradient_flow",
    "input",
    "load",
    "manual_seed",
    "nest",
    "nn",
    "ops",
    "optim",
    "save",
    "set_threads",
    "train",
    "unroll",
]

if not TYPE_CHECKING:  # type checkers report missing names
    __dir__, __getattr__ = PACKAGE.lookups(__name__, __all__)
