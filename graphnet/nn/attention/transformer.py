"""Layers of a Transformer: attention and a perceptron, each with residual and normalisation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from graphnet.graph import GModule, Module, Node, Parameter, input
from graphnet.graph.wiring.arithmetic import CAddTable
from graphnet.graph.wiring.gmodule import Graph
from graphnet.nn.attention.dot_product import probability
from graphnet.nn.attention.multihead import MultiheadAttention
from graphnet.nn.layers.activation import GELU
from graphnet.nn.layers.dropout import Dropout
from graphnet.nn.layers.linear import Linear, positive
from graphnet.nn.layers.normalization import LayerNorm
from graphnet.nn.layers.rectifiers import ReLU
from graphnet.nn.recurrent.mask import ZeroPadding

__all__ = ["TransformerDecoderLayer", "TransformerEncoderLayer"]

ACTIVATIONS: dict[str, Callable[[], Module]] = {"relu": ReLU, "gelu": GELU}


class TransformerLayer(Graph):
    """What encoder and decoder layers have in common: arguments, sublayers, PyTorch's names."""

    d_model: int
    nhead: int
    dim_feedforward: int
    dropout: float
    activation: str | Module
    layer_norm_eps: float
    batch_first: bool
    norm_first: bool
    bias: bool
    causal: bool

    def _keep(self, **arguments: Any) -> None:
        """Store the arguments; raises ValueError for sizes and ``dropout`` out of range."""
        kind = type(self).__name__
        for name in ("d_model", "nhead", "dim_feedforward"):
            positive(f"{kind}: {name}", arguments[name])
        activation = arguments["activation"]
        if isinstance(activation, str) and activation not in ACTIVATIONS:
            expected = " or ".join(map(repr, ACTIVATIONS))
            raise ValueError(
                f"{kind}: activation is {activation!r}, expected {expected}, or a module"
            )
        probability(f"{kind}: dropout", arguments["dropout"])
        for name, value in arguments.items():
            setattr(self, name, value)

    def _attended(self, name: str, x: Node, memory: Node, masks: Mapping[str, Node]) -> Node:
        """The output of an attention of the nodes x over the memory."""
        attention = MultiheadAttention(
            self.d_model,
            self.nhead,
            self.dropout,
            self.bias,
            batch_first=self.batch_first,
            causal=self.causal and memory is x,
        )
        both: Node = attention([x, memory, memory], **masks).annotate(name=name)
        output: Node = both[0]
        return output.annotate(name=f"{name}_output")

    def _perceptron(self, x: Node) -> Node:
        """linear2(dropout(activation(linear1(x))))."""
        hidden = Linear(self.d_model, self.dim_feedforward, self.bias)(x).annotate(name="linear1")
        activation = self.activation
        squash = ACTIVATIONS[activation]() if isinstance(activation, str) else activation
        hidden = self._dropped(squash(hidden).annotate(name="activation"), "")
        node: Node = Linear(self.dim_feedforward, self.d_model, self.bias)(hidden)
        return node.annotate(name="linear2")

    def _dropped(self, x: Node, number: str) -> Node:
        if not self.dropout:
            return x
        dropped: Node = Dropout(self.dropout)(x)
        return dropped.annotate(name=f"dropout{number}")

    def _sublayer(self, number: int, x: Node, function: Callable[[Node], Node]) -> Node:
        """x plus what the function makes of it, normalised after that, or x before it."""
        norm = LayerNorm(self.d_model, self.layer_norm_eps, self.bias)
        first = norm(x).annotate(name=f"norm{number}") if self.norm_first else x
        made = self._dropped(function(first), str(number))
        total: Node = CAddTable()([x, made]).annotate(name=f"residual{number}")
        after: Node = total if self.norm_first else norm(total).annotate(name=f"norm{number}")
        return after

    def torch_names(self) -> Iterator[tuple[str, list[Parameter]]]:
        """PyTorch's names, each with the parameters that it stacks."""
        parts = ("self_attn", "multihead_attn", "linear1", "linear2", "norm1", "norm2", "norm3")
        for part in parts:
            if part not in self:
                continue
            module = self[part].module
            if isinstance(module, MultiheadAttention):
                yield from ((f"{part}.{name}", stacked) for name, stacked in module.torch_names())
            else:
                yield from ((f"{part}.{name}", [p]) for name, p in module.own_parameters())


@GModule.register
class TransformerEncoderLayer(TransformerLayer):
    """A layer of a Transformer's encoder, as one graph: self-attention, then a perceptron.

    Inputs ``[src, src_mask, src_key_padding_mask, lengths]``, all but the first optional: ``src``
    is (steps, batch, d_model), or (batch, steps, d_model) with ``batch_first``, or (steps,
    d_model); the masks and ``lengths`` are those of ``MaskedSoftMax``. The output has the shape of
    ``src``; padding by ``lengths`` is never read, and zero in the output::

        x = norm1(src + self_attn(src))    y = norm2(x + linear2(activation(linear1(x))))

    With ``norm_first`` (Xiong et al. 2020) ``x = src + self_attn(norm1(src))``, and so on.
    ``dropout`` acts on the weights, on the hidden units and before each sum; ``activation`` is
    "relu", "gelu" or a module; with ``causal`` each step looks at those before it and itself.
    Vaswani et al. 2017, "Attention is all you need"; PyTorch's TransformerEncoderLayer, whose
    weights ``from_torch_state_dict`` loads. Raises ValueError for a size, ``activation`` or
    ``dropout`` out of range; other errors are those of ``MultiheadAttention``.

    >>> import numpy as np
    >>> layer = TransformerEncoderLayer(8, nhead=2, dim_feedforward=16)
    >>> layer.forward(np.ones((5, 3, 8)), lengths=[5, 2, 4]).shape
    (5, 3, 8)
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Module = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        *,
        causal: bool = False,
    ) -> None:
        self._keep(
            d_model=d_model, nhead=nhead, dim_feedforward=dim_feedforward, dropout=dropout,
            activation=activation, layer_norm_eps=layer_norm_eps, batch_first=batch_first,
            norm_first=norm_first, bias=bias, causal=causal,
        )  # fmt: skip
        src, masks, lengths = input("src"), mask_nodes("src"), input("lengths", optional=True)
        real = ZeroPadding(batch_first)(src, lengths=lengths).annotate(name="no_padding")
        given = {**masks, "lengths": lengths}
        x = self._sublayer(1, real, lambda n: self._attended("self_attn", n, n, given))
        x = self._sublayer(2, x, self._perceptron)
        output = ZeroPadding(batch_first)(x, lengths=lengths).annotate(name="output")
        self._close([src, *masks.values(), lengths], output)


@GModule.register
class TransformerDecoderLayer(TransformerLayer):
    """A layer of a Transformer's decoder, as one graph: attention to itself, then to a memory.

    Inputs ``[tgt, memory, tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask,
    lengths, memory_lengths]``, all but the first two optional: ``tgt`` and ``memory`` are (steps,
    batch, d_model), or (batch, steps, d_model) with ``batch_first``, or (steps, d_model); the
    output has the shape of ``tgt``::

        x = norm1(tgt + self_attn(tgt))    y = norm2(x + multihead_attn(x, memory))
        z = norm3(y + linear2(activation(linear1(y))))

    With ``causal`` each step of ``tgt`` looks at those before it and itself. All else is as in
    ``TransformerEncoderLayer``; PyTorch's TransformerDecoderLayer.

    >>> import numpy as np
    >>> layer = TransformerDecoderLayer(8, nhead=2, dim_feedforward=16, causal=True)
    >>> layer.forward(np.ones((5, 3, 8)), np.ones((7, 3, 8)), memory_lengths=[7, 2, 1]).shape
    (5, 3, 8)
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Module = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        *,
        causal: bool = False,
    ) -> None:
        self._keep(
            d_model=d_model, nhead=nhead, dim_feedforward=dim_feedforward, dropout=dropout,
            activation=activation, layer_norm_eps=layer_norm_eps, batch_first=batch_first,
            norm_first=norm_first, bias=bias, causal=causal,
        )  # fmt: skip
        tgt, memory = input("tgt"), input("memory")
        own, other = mask_nodes("tgt"), mask_nodes("memory")
        lengths = input("lengths", optional=True)
        memory_lengths = input("memory_lengths", optional=True)
        real = ZeroPadding(batch_first)(tgt, lengths=lengths).annotate(name="no_padding")
        ours, theirs = {**own, "lengths": lengths}, {**other, "lengths": memory_lengths}
        x = self._sublayer(1, real, lambda n: self._attended("self_attn", n, n, ours))
        x = self._sublayer(2, x, lambda n: self._attended("multihead_attn", n, memory, theirs))
        x = self._sublayer(3, x, self._perceptron)
        output = ZeroPadding(batch_first)(x, lengths=lengths).annotate(name="output")
        masks = [masks[kind] for kind in own for masks in (own, other)]
        inputs = [tgt, memory, *masks, lengths, memory_lengths]
        self._close(inputs, output)


def mask_nodes(of: str) -> dict[str, Node]:
    """The optional inputs for the masks of a sequence, by the names of the attention's."""
    return {
        "attn_mask": input(f"{of}_mask", optional=True),
        "key_padding_mask": input(f"{of}_key_padding_mask", optional=True),
    }
