"""The module graph: modules, parameters, nodes, closed graphs and their runs."""

from graphnet.graph.modules.module import Module
from graphnet.graph.modules.registry import MODULE_TYPES
from graphnet.graph.running.run import Run
from graphnet.graph.tracing.tracing import uniform
from graphnet.graph.values.parameter import Parameter, ParameterTable
from graphnet.graph.values.random import default_generator, manual_seed
from graphnet.graph.wiring.gmodule import GModule
from graphnet.graph.wiring.node import Node, input

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
