"""Scaled dot-product attention."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any

from graphnet.errors import ShapeError
from graphnet.graph import GModule, Module, Node, input
from graphnet.graph.values.table import describe
from graphnet.graph.wiring.arithmetic import require_pair
from graphnet.graph.wiring.gmodule import Graph
from graphnet.nn.attention.masks import MASKS, MaskedSoftMax
from graphnet.nn.layers.dropout import Dropout
from graphnet.nn.layers.products import MM
from graphnet.nn.layers.shape import swapped

__all__ = ["ScaledDotProductAttention", "ScaledMM"]


class ScaledMM(Module):
    """The scores of queries and keys, [(…, queries, n), (…, keys, n)] to (…, queries, keys).

    ``q kᵀ / √n``, or with ``scale`` ``scale q kᵀ``. Vaswani et al. 2017, "Attention is all you
    need". Raises GraphError if the input is no pair, ShapeError if the two differ in n.
    """

    def __init__(self, scale: float | None = None) -> None:
        self.scale = scale

    def compute(self, table: Any) -> Any:
        queries, keys = require_pair(table)
        if min(queries.ndim, keys.ndim) < 2 or queries.shape[-1] != keys.shape[-1]:
            raise ShapeError(
                f"expects queries and keys [(…, queries, n), (…, keys, n)], received "
                f"{describe(table)}"
            )
        scale = 1 / sqrt(queries.shape[-1]) if self.scale is None else self.scale
        return (queries * scale) @ swapped(keys, -1, -2)


@GModule.register
class ScaledDotProductAttention(Graph):
    """Values mixed by how well their keys fit the queries, as one graph: [context, weights].

    Inputs ``[query, key, value]`` of shapes (…, queries, n), (…, keys, n), (…, keys, m), and after
    them the optional masks of ``MaskedSoftMax``; the context is (…, queries, m), the weights are
    (…, queries, keys)::

        weights = softmax(q kᵀ / √n)    context = weights v

    ``dropout`` acts on the weights in training; with ``causal`` query i looks at the keys 0 to i;
    ``scale`` stands for 1 / √n. Vaswani et al. 2017, "Attention is all you need". PyTorch's
    functional.scaled_dot_product_attention, where True in a mask keeps a key; here it leaves one
    out, as in MultiheadAttention. Raises ValueError for ``dropout`` out of range; other errors are
    those of ``ScaledMM`` and ``MaskedSoftMax``.

    >>> import numpy as np
    >>> attention = ScaledDotProductAttention(causal=True)
    >>> context, weights = attention.forward(*np.ones((3, 2, 4, 5)))
    >>> context.shape, weights[0, 1]
    ((2, 4, 5), array([0.5, 0.5, 0. , 0. ]))
    """

    def __init__(
        self, dropout: float = 0.0, causal: bool = False, *, scale: float | None = None
    ) -> None:
        self.dropout = probability("ScaledDotProductAttention: dropout", dropout)
        self.causal, self.scale = causal, scale
        query, key, value = input(), input(), input()
        masks = mask_inputs()
        context, weights = mixed_values(query, key, value, masks, dropout, causal, scale)
        self._close([query, key, value, *masks.values()], [context, weights])


def probability(what: str, p: float) -> float:
    """The number, if it is from 0 to below 1; raises ValueError."""
    if not 0 <= p < 1:
        raise ValueError(f"{what} is {p!r}, expected 0 <= dropout < 1")
    return p


def mask_inputs() -> dict[str, Node]:
    """The optional inputs for the masks of ``MaskedSoftMax``."""
    return {name: input(name, optional=True) for name in MASKS}


def mixed_values(
    query: Node,
    key: Node,
    value: Node,
    masks: Mapping[str, Node],
    dropout: float,
    causal: bool,
    scale: float | None = None,
) -> tuple[Node, Node]:
    """The nodes ``scores``, ``weights`` and ``context``; returns the context and the weights."""
    scores = ScaledMM(scale)([query, key]).annotate(name="scores")
    weights = MaskedSoftMax(causal)(scores, **masks).annotate(name="weights")
    kept = Dropout(dropout)(weights).annotate(name="dropout") if dropout else weights
    context = MM()([kept, value]).annotate(name="context")
    return context, weights
