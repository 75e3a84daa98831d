"""Array operations called on a node: the error, with the module that does the same."""

from __future__ import annotations

import inspect
import linecache
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from graphnet.errors import GraphError, UnknownNameError
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.modules.registry import MODULE_TYPES, constructor_parameters, is_own
from graphnet.graph.values.context import initialising
from graphnet.ir.core.builder import Having
from graphnet.ir.core.primitive import PRIMITIVES
from graphnet.ir.core.trace import trace
from graphnet.ir.core.types import ArrayType
from graphnet.names.objects import MODULES, NODES
from graphnet.source import calling_line
from graphnet.tracebacks import public

STAND_IN = ArrayType((2, 2), np.dtype(float))
"""The type of arrays by which operations and modules are compared."""

OF_NETS = frozenset(
    (
        "forward", "backward", "run", "parameters", "named_parameters", "flatten_parameters",
        "zero_grad", "train", "evaluate", "eval", "compile", "clone", "save", "summary",
        "memory_plan", "profile", "astype", "float", "double", "seed", "zeroGradParameters",
        "getParameters",
    )
)  # fmt: skip
"""What a net does with all its nodes, and a module for itself, which a node would hide."""

OF_AXIS = frozenset(
    [
        "sum",
        "mean",
        "max",
        "min",
        "amax",
        "amin",
        "squeeze",
        "unsqueeze",
        "expand_dims",
        "cat",
        "concatenate",
        "stack",
    ]
)
"""Operations along an axis, which is the first number that they are given, or has a name."""


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


def ufunc_refusal(node: object, name: str, operands: Sequence[Any]) -> GraphError:
    """The error for a function of NumPy, by its name; perhaps a node met arrays in it."""
    of_arrays = any(np.ndim(value) for value in operands if type(value) is not type(node))
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
    """One of each class of graphnet's that needs no argument, those of the shortest names first."""
    for name, found in sorted(MODULE_TYPES.items(), key=lambda item: (len(item[0]), item[0])):
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


def missing(node: Any, name: str) -> UnknownNameError:
    """The error for an attribute of neither a node nor its module, or for what only a net does."""
    if name not in OF_NETS:
        names = NODES if name in NODES.equivalents else MODULES
        error = names.error(node, f"{node}, a node,", name)
        error.hint = with_axis(error.hint, name)
        return error
    error = UnknownNameError(
        f"is a node, and has no {name}",
        f"Close the graph: net = gn.GModule([x], [y]), then net.{name}. "
        f"The module of this node alone: node.module.{name}.",
        str(node),
    )
    error.name, error.obj = name, node
    return error


def with_axis(hint: str, name: str) -> str:
    """The hint with the axis that the user's line gives: ``node.sum(dim=1)``."""
    if name not in OF_AXIS:
        return hint
    given = rf"\.{name}\((?:[^()]*?\b(?:dim|axis)\s*=\s*|\s*)(-?\d+)\s*[,)]"
    axes = set(re.findall(given, linecache.getline(*calling_line())))
    return (
        re.sub(r"\(-?\d+\)(?=\((node|a|b|\[))", f"({axes.pop()})", hint) if len(axes) == 1 else hint
    )


def array_function_refusal(node: object, name: str) -> GraphError:
    """The error for ``np.concatenate([node, node])`` and its like, by the name of the function."""
    hint = NODES.equivalents.get(name, "").replace("`", "")
    return GraphError(
        f"np.{name} cannot be applied to the node {node}",
        f"Here: {with_axis(hint, name)}."
        if hint
        else f"Wire modules (nn.Tanh()(node)); a module of your own computes in its compute, or "
        f"nn.Function(forward, backward) calls np.{name} on the arrays of a run.",
    )


def without_value(doing: str, instead: str = "") -> Callable[..., Any]:
    """A method of nodes that refuses what needs a value: ``cannot be compared``."""

    @public
    def refuse(node: object, *_: Any, **__: Any) -> Any:
        raise GraphError(
            f"{node} {doing}: it is a node, which has no value yet",
            instead
            or "It has one in a run: net = gn.GModule([x], [y]), run = net.run(array), "
            "run['name'].",
        )

    return refuse


VALUELESS = {
    "__lt__ __le__ __gt__ __ge__": without_value("cannot be compared"),
    "__float__ __int__": without_value("is no number"),
    "__len__": without_value("has no length", "For the entries of a table: node.split(2)."),
    "__matmul__ __rmatmul__": without_value(
        "cannot be multiplied with @", "Wire the module that does it: nn.MM()([a, b])."
    ),
}


@public
def refuse_array_function(node: object, function: Callable[..., Any], *_: Any) -> Any:
    """Raises GraphError for NumPy's functions of arrays, with the module that does the same."""
    raise array_function_refusal(node, function.__name__)


REFUSED = {name: refuse for names, refuse in VALUELESS.items() for name in names.split()}
REFUSED["__array_function__"] = refuse_array_function
"""Python's operations that need a value, and NumPy's functions."""
