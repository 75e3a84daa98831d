"""The module graph: modules, parameters, nodes, closed graphs and their runs."""

from graphnet.graph.files.rebuild import rebuilt as rebuilt  # pickles name it
from graphnet.graph.module import Module
from graphnet.graph.modules.registry import MODULE_TYPES
from graphnet.graph.nodes.node import Node
from graphnet.graph.running.run import Run
from graphnet.graph.tracing.tracing import uniform
from graphnet.graph.values.parameter import Parameter
from graphnet.graph.values.parameter_table import ParameterTable
from graphnet.graph.values.random import default_generator, manual_seed
from graphnet.graph.wiring.arithmetic import CAddTable as CAddTable  # nodes make it by its name
from graphnet.graph.wiring.gmodule import GModule
from graphnet.graph.wiring.table_modules import input

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
