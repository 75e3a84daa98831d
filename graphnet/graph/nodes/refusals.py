"""Array operations called on a node: the error, with the module that does the same."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from graphnet.errors import GraphError
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.modules.registry import MODULE_TYPES, constructor_parameters, is_own
from graphnet.graph.values.context import initialising
from graphnet.ir.core.builder import Having
from graphnet.ir.core.primitive import PRIMITIVES
from graphnet.ir.core.trace import trace
from graphnet.ir.core.types import ArrayType

STAND_IN = ArrayType((2, 2), np.dtype(float))
"""The type of arrays by which operations and modules are compared."""


def refusal(node: object, operation: Callable[..., Any], called: str = "") -> GraphError:
    """The error for an operation of arrays that was ``called`` on a node."""
    name = getattr(operation, "name", None) or operation.__name__
    found = module_of(operation)
    hint = (
        f"Wire the module that does it: nn.{found}."
        if found
        else f"Wire modules; a module of your own calls ops.{name} in its compute."
    )
    return GraphError(f"{called or f'ops.{name}'} cannot be applied to the node {node}", hint)


def ufunc_refusal(node: object, name: str, of_arrays: bool) -> GraphError:
    """The error for a function of NumPy, by its name; perhaps a node met arrays in it."""
    if name in PRIMITIVES and not of_arrays:
        return refusal(node, PRIMITIVES[name], f"np.{name}")
    return GraphError(
        f"np.{name} cannot be applied to the node {node}",
        "Wire modules (nn.Tanh()(node)), and give arrays to the graph as inputs.",
    )


def module_of(operation: Callable[..., Any]) -> str:
    """The call of the module whose program is that of the operation: ``Tanh()(node)``, or nothing.

    Of one array or of two, among the modules that need no argument.
    """
    for arrays, written in ((1, "node"), (2, "[a, b]")):
        wanted = program_text(operation, arrays)
        for name, module in plain_modules() if wanted else ():
            taken = module.compute if arrays == 1 else lambda *both, m=module: m.compute([*both])
            if program_text(taken, arrays) == wanted:
                return f"{name}()({written})"
    return ""


def plain_modules() -> Iterator[tuple[str, BaseModule]]:
    """One of each class of graphnet's that needs no argument."""
    for name, found in sorted(MODULE_TYPES.items()):
        cls: Any = found
        needed = [p for p in constructor_parameters(cls) if p.default is p.empty]
        if is_own(cls) and not needed and not inspect.isabstract(cls):
            with Having(initialising, False):
                yield name, cls()


def program_text(function: Callable[..., Any], arrays: int) -> str:
    """The program of a function of so many arrays; nothing if it takes others."""
    try:
        program = trace(function, *[STAND_IN] * arrays)
    except Exception:  # whatever it expects, it is another operation
        return ""
    return str(program) if program.equations else ""


def unsettable(node: Any, name: str) -> AttributeError:
    """The error for an attribute that cannot be set on a node."""
    if name == "module":
        return AttributeError(f"{node} keeps its module: wire another node")
    if hasattr(node.module, name):
        owner = f"node.module.{name}"
        return AttributeError(f"{node} is a node; set the {name} of its module: {owner} = …")
    return AttributeError(f"{node} has no attribute {name!r}, neither has its module")
