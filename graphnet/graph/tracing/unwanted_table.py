"""The error of a layer that takes an array, and was given a table."""

from __future__ import annotations

from typing import Any, cast

from graphnet.errors import GraphnetError, ShapeError
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.modules.registry import is_own
from graphnet.graph.values import table
from graphnet.graph.values.selection import join_path
from graphnet.graph.values.table_hints import is_ragged, table_hint
from graphnet.ir.core.array import Array
from graphnet.ir.core.builder import Builder

AS_ARRAY = "has no values while it is traced"
"""What NumPy's functions meet in a table of traced arrays: ``ir/core/array.py``."""
OF_OPERAND = " of the table ["
"""What operations meet there: ``ir/core/operands.py``."""
OF_TABLE = (AS_ARRAY, OF_OPERAND, "cannot take the table", "expects an array")
"""What is said by modules that take no table; others say what is wrong with one."""


def about_table(
    error: GraphnetError, module: BaseModule, value: Any, owner: BaseModule | None, path: str = ""
) -> GraphnetError:
    """The error of a library's module; one that says how to take an entry, if that would do.

    ``owner``, at ``path``, is the module whose ``compute`` calls this one.
    """
    is_unwanted = any(words in error.problem for words in OF_TABLE)
    if error.where or not (table.is_table(value) and is_unwanted and is_own(type(module))):
        return error
    for index, entry in enumerate(value):
        if isinstance(entry, Array) and takes(module, entry):
            maker = maker_of(entry, owner, path) if owner else ""
            if not maker and not any(words in error.problem for words in (AS_ARRAY, OF_OPERAND)):
                return error
            if not maker and is_ragged(value):
                problem = f"expects an array, received the table {table.describe(value)}"
                return ShapeError(problem, table_hint(value))
            return ShapeError(
                f"expects an array, received the table {table.describe(value)}{maker}",
                f"nn.SelectTable({index}) takes its entry {index}, {table.describe(entry)}."
                if maker
                else "A list is a table; make an array of it with np.array(…), or apply the module "
                "to each entry with nn.MapTable(module).",
            )
    return error


def takes(module: BaseModule, entry: Array) -> bool:
    """Whether a module can compute from one array."""
    try:
        module.compute(entry)
    except Exception:
        return False
    return True


def maker_of(entry: Array, owner: BaseModule, path: str) -> str:
    """Which part of a module made an array: `` of LSTM 'encoder'``; empty if none did."""
    equations = cast(Builder, entry.builder).equations
    origin = next((e.origin for e in reversed(equations) if entry.atom in e.outputs), None)
    for name, part in owner.named_children() if origin else ():
        place = join_path(path, name)
        if origin and f"{origin.path}.".startswith(f"{place}."):
            return f" of {type(part).__name__} '{place}'"
    return ""
