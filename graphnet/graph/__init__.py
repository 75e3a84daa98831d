"""The module graph: modules, parameters, nodes, closed graphs and their runs."""

from graphnet.graph.gmodule import GModule
from graphnet.graph.module import Module
from graphnet.graph.node import Node, input
from graphnet.graph.parameter import Parameter, ParameterTable
from graphnet.graph.random import default_generator, manual_seed
from graphnet.graph.registry import MODULE_TYPES
from graphnet.graph.run import Run
from graphnet.graph.tracing import uniform

__all__ = [
    "MODULE_TYPES",
    "GModule",
    "Module",
    "Node",
    "Parameter",
    "ParameterTable",
    "Run",
    "default_generator",
    "input",
    "manual_seed",
    "uniform",
]
