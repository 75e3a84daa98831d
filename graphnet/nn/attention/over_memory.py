"""Attention of one query over a memory: additive (Bahdanau) and multiplicative (Luong)."""

from __future__ import annotations

from typing import Any

from graphnet.graph import GModule, Module, Node, Parameter, input
from graphnet.graph.wiring.arithmetic import CAddTable
from graphnet.graph.wiring.gmodule import Graph
from graphnet.nn import init
from graphnet.nn.attention.masks import MaskedSoftMax
from graphnet.nn.layers.activation import Tanh
from graphnet.nn.layers.linear import Linear, positive, require_features
from graphnet.nn.layers.products import DotProduct, MixtureTable
from graphnet.nn.layers.shape import Unsqueeze
from graphnet.nn.recurrent.mask import ZeroPadding

__all__ = ["AdditiveAttention", "Energy", "MultiplicativeAttention"]

SCORES = ("general", "dot")


class Energy(Module):
    """The dot product with a learned vector, ``x · weight``: (…, size) to (…).

    ``weight`` is (size,) and starts as that of a ``Linear`` of one output. Bahdanau, Cho & Bengio
    2015. Raises ValueError for a size below 1, ShapeError for another size of the last axis.
    """

    def __init__(self, size: int) -> None:
        self.size = positive("Energy: size", size)
        self.weight = Parameter((size,), init.fan_in_uniform(size))

    def compute(self, x: Any) -> Any:
        require_features(x, self.size)
        return (x * self.weight).sum(-1)


@GModule.register
class AdditiveAttention(Graph):
    """A memory mixed by how well its entries fit a query, as one graph: [context, weights].

    Inputs ``[query, memory, key_padding_mask, lengths]``, the last two optional: ``query`` is
    (batch, query_size), ``memory`` (batch, source, memory_size), and the masks are those of
    ``MaskedSoftMax``; what lies beyond the ``lengths`` is never read. The context is (batch,
    memory_size), the weights are (batch, source); of one query without batch all lack that axis::

        e_j = v · tanh(W query + U memory_j)    a = softmax(e)    context = Σ a_j memory_j

    W is the node ``query_proj``, U ``memory_proj`` and v ``scores``; none has a bias. Bahdanau, Cho
    & Bengio 2015, "Neural machine translation by jointly learning to align and translate". Raises
    ValueError for a size below 1, ShapeError if the inputs do not fit; other errors are those of
    ``MaskedSoftMax``.

    >>> import numpy as np
    >>> attention = AdditiveAttention(3, 4, hidden_size=5)
    >>> context, weights = attention.forward(np.ones((2, 3)), np.ones((2, 6, 4)), lengths=[6, 2])
    >>> context.shape, weights[1]
    ((2, 4), array([0.5, 0.5, 0. , 0. , 0. , 0. ]))
    """

    def __init__(self, query_size: int, memory_size: int, hidden_size: int) -> None:
        positive("AdditiveAttention: query_size", query_size)
        positive("AdditiveAttention: memory_size", memory_size)
        positive("AdditiveAttention: hidden_size", hidden_size)
        self.query_size, self.memory_size, self.hidden_size = query_size, memory_size, hidden_size
        query, memory, masks = input(), input(), memory_masks()
        real = ZeroPadding(batch_first=True)(memory, lengths=masks["lengths"])
        wanted = Linear(query_size, hidden_size, bias=False)(query).annotate(name="query_proj")
        keys = Linear(memory_size, hidden_size, bias=False)(real.annotate(name="no_padding"))
        fit = CAddTable()([Unsqueeze(-2)(wanted), keys.annotate(name="memory_proj")])
        scores = Energy(hidden_size)(Tanh()(fit)).annotate(name="scores")
        weights = MaskedSoftMax()(scores, **masks).annotate(name="weights")
        context = MixtureTable()([weights, real]).annotate(name="context")
        self._close([query, memory, *masks.values()], [context, weights])


@GModule.register
class MultiplicativeAttention(Graph):
    """A memory mixed by its products with a query, as one graph: [context, weights].

    Inputs, outputs, shapes and errors are those of ``AdditiveAttention``; with ``score`` "general"
    or "dot"::

        e_j = query · W memory_j    or    e_j = query · memory_j

    W is the node ``memory_proj``, without bias; for "dot" both sizes are the same. Luong, Pham &
    Manning 2015, "Effective approaches to attention-based neural machine translation". Raises
    ValueError for another ``score``, and for sizes below 1 or, with "dot", different ones.

    >>> import numpy as np
    >>> attention = MultiplicativeAttention(3, 4)
    >>> context, weights = attention.forward(np.ones((2, 3)), np.ones((2, 6, 4)))
    >>> context.shape, weights.shape
    ((2, 4), (2, 6))
    """

    def __init__(self, query_size: int, memory_size: int, score: str = "general") -> None:
        positive("MultiplicativeAttention: query_size", query_size)
        positive("MultiplicativeAttention: memory_size", memory_size)
        if score not in SCORES:
            raise ValueError(
                f"MultiplicativeAttention: score is {score!r}, expected 'general' or 'dot'"
            )
        if score == "dot" and query_size != memory_size:
            raise ValueError(
                f"MultiplicativeAttention: query_size is {query_size} and memory_size is "
                f"{memory_size}, expected the same for the score 'dot'"
            )
        self.query_size, self.memory_size, self.score = query_size, memory_size, score
        query, memory, masks = input(), input(), memory_masks()
        real = ZeroPadding(batch_first=True)(memory, lengths=masks["lengths"])
        keys: Node = real.annotate(name="no_padding")
        if score == "general":
            keys = Linear(memory_size, query_size, bias=False)(real).annotate(name="memory_proj")
        scores = DotProduct()([keys, Unsqueeze(-2)(query)]).annotate(name="scores")
        weights = MaskedSoftMax()(scores, **masks).annotate(name="weights")
        context = MixtureTable()([weights, real]).annotate(name="context")
        self._close([query, memory, *masks.values()], [context, weights])


def memory_masks() -> dict[str, Node]:
    """The optional inputs that say which entries of a memory are padding."""
    return {name: input(name, optional=True) for name in ("key_padding_mask", "lengths")}
