"""The module graph: modules, parameters, buffers, nodes, closed graphs and their runs."""

import sys
from typing import TYPE_CHECKING, Any

from graphnet.graph.files.rebuild import rebuilt as rebuilt  # pickles name it
from graphnet.graph.module import Module
from graphnet.graph.modules.registry import MODULE_TYPES
from graphnet.graph.nodes.node import Node
from graphnet.graph.running.run import Run
from graphnet.graph.tracing.tracing import uniform
from graphnet.graph.values.buffer import Buffer
from graphnet.graph.values.parameter import Parameter
from graphnet.graph.values.parameter_table import ParameterTable
from graphnet.graph.values.random import default_generator, manual_seed
from graphnet.graph.wiring.arithmetic import CAddTable as CAddTable  # nodes make it by its name
from graphnet.graph.wiring.gmodule import GModule
from graphnet.graph.wiring.table_modules import input, nest
from graphnet.names.objects import GRAPHS
from graphnet.tracebacks import public

__all__ = [
    "MODULE_TYPES",
    "Buffer",
    "GModule",
    "Module",
    "Node",
    "Parameter",
    "ParameterTable",
    "Run",
    "default_generator",
    "input",
    "manual_seed",
    "nest",
    "uniform",
]


if not TYPE_CHECKING:  # type checkers report missing names

    @public
    def __getattr__(name: str) -> Any:
        """An error that tells what stands for a name of another library."""
        return GRAPHS.attribute(sys.modules[__name__], __name__, name)
