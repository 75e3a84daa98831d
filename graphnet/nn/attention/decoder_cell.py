"""The cell of a decoder that looks at a memory at each step."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature

from graphnet.errors import GraphError
from graphnet.graph import GModule, Node, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.wiring.gmodule import Graph
from graphnet.graph.wiring.table_modules import Identity
from graphnet.nn.attention.over_memory import AdditiveAttention, MultiplicativeAttention
from graphnet.nn.cells.gru import gru_cell
from graphnet.nn.cells.state import State
from graphnet.nn.layers.tables import JoinTable
from graphnet.nn.recurrent.cell_checks import require_cell, state_names
from graphnet.nn.recurrent.initial_states import state_sizes

__all__ = ["attention_decoder_cell"]

ATTENTIONS = ("additive", "general", "dot")


@checked
def attention_decoder_cell(
    input_size: int,
    hidden_size: int,
    memory_size: int,
    attention_size: int | None = None,
    attention: str = "additive",
    cell: Callable[[int, int], GModule] = gru_cell,
) -> GModule:
    """A cell that reads its input together with what it finds in a memory.

    Inputs ``(x, memory, states…, memory_lengths)``: x (batch, input_size), memory (batch, source,
    memory_size), the states of ``cell``, and optionally the lengths of the memories. Outputs
    ``(next states…, output, weights)``: ``output`` (batch, hidden_size + memory_size) is the new
    last state h' beside the context, ``weights`` (batch, source) say where the cell looked. With
    the attention of the last state h::

        context, weights = attention(h, memory)    h' = cell([x, context], h)

    ``attention`` is "additive" (``AdditiveAttention``, of ``attention_size`` hidden units, by
    default hidden_size), "general" or "dot" (``MultiplicativeAttention``); ``cell`` makes a cell of
    the sizes (input_size + memory_size, hidden_size), such as ``nn.lstm_cell``. The memory is the
    same at each step: ``nn.Recurrent(cell, constants=["memory", "memory_lengths"])``. Bahdanau, Cho
    & Bengio 2015, "Neural machine translation by jointly learning to align and translate". Raises
    ValueError for a size below 1 or another ``attention``, GraphError for an invalid cell.

    >>> import numpy as np
    >>> from graphnet import nn
    >>> cell = attention_decoder_cell(3, 4, memory_size=5)
    >>> decoder = nn.Recurrent(cell, constants=["memory", "memory_lengths"])
    >>> (output, weights), h = decoder.forward(np.ones((6, 2, 3)), memory=np.ones((2, 7, 5)))
    >>> output.shape, weights.shape, h.shape
    ((6, 2, 9), (6, 2, 7), (2, 4))
    """
    sizes_of_cell = input_size + memory_size, hidden_size
    try:
        signature(cell).bind(*sizes_of_cell)
    except (TypeError, ValueError) as error:
        raise GraphError(
            f"attention_decoder_cell receives the cell {cell!r:.60}, which does not take the two "
            f"sizes {sizes_of_cell}: {error}",
            "nn.gru_cell is such a function.",
        ) from None
    inner = cell(*sizes_of_cell)
    require_cell(inner, "attention_decoder_cell")
    names, sizes = state_names(inner), state_sizes(inner)
    x, memory = input("x"), input("memory")
    lengths = input("memory_lengths", optional=True)
    states: list[Node] = [
        (State(size)() if size else input()).annotate(name=name)
        for name, size in zip(names, sizes, strict=True)
    ]
    look = attention_of(attention, hidden_size, memory_size, attention_size or hidden_size)
    looked: Node = look([states[-1], memory], lengths=lengths).annotate(name="attention")
    context, weights = looked.split(2)
    joined = JoinTable(-1)([x, context.annotate(name="context")]).annotate(name="x_and_context")
    results: Node = inner([joined, *states]).annotate(name="cell")
    count = len(inner.outputs)
    after = list(results.split(count)) if count > 1 else [Identity()(results)]
    for node, made in zip(after, inner.outputs, strict=True):
        node.annotate(name=inner.name_of(made))
    output = JoinTable(-1)([after[-1], context]).annotate(name="output")
    weights.annotate(name="weights")
    return GModule([x, memory, *states, lengths], [*after[: len(states)], output, weights])


def attention_of(kind: str, query_size: int, memory_size: int, hidden_size: int) -> Graph:
    """The attention of this name; raises ValueError for another one."""
    if kind not in ATTENTIONS:
        raise ValueError(
            f"attention_decoder_cell: attention is {kind!r}, expected one of {ATTENTIONS}"
        )
    if kind == "additive":
        return AdditiveAttention(query_size, memory_size, hidden_size)
    return MultiplicativeAttention(query_size, memory_size, kind)
