"""What to do with a table in the place of an array."""

from __future__ import annotations

from typing import Any

from graphnet.graph.values.table import describe, is_table


def table_hint(value: Any) -> str:
    """To make an array of a table; for one of different entries, to take one of them."""
    if not is_ragged(value):
        return "A list is a table; make an array of it with np.array(…)."
    if len(value) == 2 and not is_table(value[0]):
        last = "(h, c)" if is_table(value[1]) else "h"
        layer = "nn.LSTM" if is_table(value[1]) else "nn.GRU"
        return f"Take an entry: value[0]. An {layer} gives (output, {last}): output, _ = layer(x)."
    return "A table of different entries is no array: take one, value[0]."


def is_ragged(value: Any) -> bool:
    """Whether the entries of a table differ in shape or structure."""
    return len({describe(entry) for entry in value}) > 1
