"""What a module received, as lines of an error; of a part also who gave it, and its own line."""

from __future__ import annotations

from typing import Any

from graphnet.graph.modules.base import BaseModule
from graphnet.graph.modules.made_at import place_of
from graphnet.graph.tracing.unwanted_table import maker_of
from graphnet.graph.values import table
from graphnet.ir.core.array import Array


def received(value: Any) -> tuple[str, ...]:
    return (f"input  {table.describe(value)}",)


def part_lines(module: BaseModule, value: Any, owner: BaseModule, path: str) -> tuple[str, ...]:
    """What a part of ``owner``, at a path, received, from which part, and the line that made it.

    Of a table only its shapes: it is no layer's size that is wrong then.
    """
    if not isinstance(value, Array):
        return received(value)
    maker = maker_of(value, owner, path)
    lines = (f"input  the output {value.shape}{maker}",) if maker else received(value)
    made = place_of(module)
    return (*lines, f"made   {made}") if made else lines
