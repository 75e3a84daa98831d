"""Multi-head attention."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import sqrt

from graphnet.graph import GModule, Node, Parameter, input
from graphnet.graph.wiring.gmodule import Graph
from graphnet.nn import init
from graphnet.nn.attention.dot_product import mask_inputs, mixed_values, probability
from graphnet.nn.attention.heads import JoinHeads, SplitHeads
from graphnet.nn.layers.linear import Linear, positive
from graphnet.nn.layers.reduction import Mean
from graphnet.nn.recurrent.mask import ZeroPadding

__all__ = ["MultiheadAttention"]


@GModule.register
class MultiheadAttention(Graph):
    """Attention by several heads, each with products of its own, as one graph: [output, weights].

    Inputs ``[query, key, value]``: (steps, batch, features) or (batch, steps, features) with
    ``batch_first``, of ``embed_dim``, ``kdim`` and ``vdim`` features (``embed_dim`` by default); a
    sequence without batch is (steps, features). After them come the optional ``key_padding_mask``,
    ``attn_mask`` and ``lengths`` of ``MaskedSoftMax``; what lies beyond the ``lengths`` of the keys
    is never read. ``output`` is laid out as the query, with ``embed_dim`` features, ``weights``
    (batch, queries, keys) are the mean over the heads; those of each head are the node
    ``head_weights``::

        head_i = attention(q_i, k_i, v_i)    q, k, v = W_q query, W_k key, W_v value
        output = W_o [head_1 … head_h]

    ``dropout`` acts on the weights in training, with ``causal`` query i looks at the keys 0 to i.
    Vaswani et al. 2017, "Attention is all you need"; PyTorch's MultiheadAttention, whose weights
    ``from_torch_state_dict`` loads. The products start as PyTorch's, Glorot & Bengio 2010. Raises
    ValueError for a size below 1, ``num_heads`` that does not divide ``embed_dim``, or ``dropout``
    out of range; ShapeError if the inputs do not fit; other errors are those of ``MaskedSoftMax``.

    >>> import numpy as np
    >>> attention = MultiheadAttention(8, num_heads=2)
    >>> x = np.ones((5, 3, 8))
    >>> output, weights = attention.forward(x, x, x, lengths=[5, 2, 4])
    >>> output.shape, weights[1, 0]
    ((5, 3, 8), array([0.5, 0.5, 0. , 0. , 0. ]))
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        *,
        causal: bool = False,
    ) -> None:
        positive("MultiheadAttention: embed_dim", embed_dim)
        if embed_dim % positive("MultiheadAttention: num_heads", num_heads):
            raise ValueError(
                f"MultiheadAttention: embed_dim is {embed_dim} and num_heads is {num_heads}, "
                "expected heads that divide the features"
            )
        self.embed_dim, self.num_heads = embed_dim, num_heads
        self.dropout = probability("MultiheadAttention: dropout", dropout)
        self.bias, self.batch_first, self.causal = bias, batch_first, causal
        self.kdim, self.vdim = kdim, vdim
        query, key, value, masks = input(), input(), input(), mask_inputs()
        self._close(
            [query, key, value, *masks.values()], list(self._wired(query, key, value, masks))
        )

    def _wired(
        self, query: Node, key: Node, value: Node, masks: Mapping[str, Node]
    ) -> tuple[Node, Node]:
        """The nodes ``output`` and ``weights``."""
        n = self.embed_dim
        sizes = {"q": n, "k": self.kdim or n, "v": self.vdim or n}
        parts = []
        for (name, size), x in zip(sizes.items(), (query, key, value), strict=True):
            if name != "q":
                padding = ZeroPadding(self.batch_first)(x, lengths=masks["lengths"])
                x = padding.annotate(name=f"{name}_no_padding")
            product = projection(size, n, self.bias, merged=set(sizes.values()) == {n})
            projected = product(x).annotate(name=f"{name}_proj")
            heads = SplitHeads(self.num_heads, self.batch_first)(projected)
            parts.append(heads.annotate(name=name))
        q, k, v = parts
        context, weights = mixed_values(q, k, v, masks, self.dropout, self.causal)
        heads = JoinHeads(self.batch_first)(context).annotate(name="heads")
        output = Linear(n, n, self.bias)
        if output.bias is not None:
            output.bias = Parameter((n,), init.constant(0.0))
        mean = Mean(-3)(weights.annotate(name="head_weights")).annotate(name="weights")
        return output(heads).annotate(name="out_proj"), mean

    def torch_names(self) -> Iterator[tuple[str, list[Parameter]]]:
        """PyTorch's names, each with the parameters that it stacks."""
        linears = {name: self[f"{name}_proj"].module for name in ("q", "k", "v", "out")}
        inner = [linears[name] for name in "qkv"]
        if {self.kdim or self.embed_dim, self.vdim or self.embed_dim} == {self.embed_dim}:
            yield "in_proj_weight", [linear.weight for linear in inner]
        else:
            yield from ((f"{name}_proj_weight", [linears[name].weight]) for name in "qkv")
        if self.bias:
            yield "in_proj_bias", [linear.bias for linear in inner]
        yield from ((f"out_proj.{n}", [p]) for n, p in linears["out"].own_parameters())


def projection(inputs: int, outputs: int, bias: bool, merged: bool) -> Linear:
    """A Linear that starts as PyTorch's: uniform by fan-in and fan-out, with biases of zero.

    ``merged``: PyTorch keeps the three products in one matrix, which has three times the outputs.
    """
    linear = Linear(inputs, outputs, bias)
    bound = sqrt(6 / (inputs + (3 * outputs if merged else outputs)))
    linear.weight = Parameter((outputs, inputs), init.uniform(bound))
    if bias:
        linear.bias = Parameter((outputs,), init.constant(0.0))
    return linear
