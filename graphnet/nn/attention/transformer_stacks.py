"""Stacks of Transformer layers: the encoder and the decoder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from graphnet.graph import GModule, Module, Node, Parameter, input
from graphnet.graph.modules.registry import constructor_parameters
from graphnet.graph.wiring.gmodule import Graph
from graphnet.nn.attention.transformer import (
    TransformerDecoderLayer,
    TransformerEncoderLayer,
    TransformerLayer,
)
from graphnet.nn.layers.linear import positive

__all__ = ["TransformerDecoder", "TransformerEncoder"]

Layer = TypeVar("Layer", bound=TransformerLayer)


class TransformerStack(Graph):
    """What encoder and decoder have in common: PyTorch's names of their parameters."""

    def torch_names(self) -> Iterator[tuple[str, list[Parameter]]]:
        """PyTorch's names, each with the parameters that it stacks."""
        number = 1
        while f"layer{number}" in self:
            for name, stacked in self[f"layer{number}"].module.torch_names():
                yield f"layers.{number - 1}.{name}", stacked
            number += 1
        if "norm" in self:
            yield from ((f"norm.{n}", [p]) for n, p in self["norm"].module.own_parameters())


@GModule.register
class TransformerEncoder(TransformerStack):
    """Layers of a Transformer's encoder, one after the other, as one graph.

    ``encoder_layer`` is the first of ``num_layers`` layers; the others have its arguments and start
    with random weights of their own. ``norm``, a module, comes last. Inputs ``[src, mask,
    src_key_padding_mask, lengths]`` and the output are those of ``TransformerEncoderLayer``, and so
    are the errors. PyTorch's TransformerEncoder, where all layers start with the same weights.
    Raises ValueError for ``num_layers`` below 1.

    >>> import numpy as np
    >>> from graphnet import nn
    >>> net = TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 3, norm=nn.LayerNorm(8))
    >>> net.forward(np.ones((5, 3, 8)), lengths=[5, 2, 4]).shape
    (5, 3, 8)
    """

    def __init__(
        self, encoder_layer: TransformerEncoderLayer, num_layers: int, norm: Module | None = None
    ) -> None:
        self.encoder_layer, self.norm = encoder_layer, norm
        self.num_layers = positive("TransformerEncoder: num_layers", num_layers)
        x = src = input("src")
        mask, padding = input("mask", optional=True), input("src_key_padding_mask", optional=True)
        lengths = input("lengths", optional=True)
        for number, layer in enumerate(layers_like(encoder_layer, num_layers), start=1):
            made: Node = layer([x, mask, padding, lengths])
            x = made.annotate(name=f"layer{number}")
        self._close([src, mask, padding, lengths], normalised(x, norm))


@GModule.register
class TransformerDecoder(TransformerStack):
    """Layers of a Transformer's decoder, one after the other, as one graph.

    ``decoder_layer`` is the first of ``num_layers`` layers; the others have its arguments and start
    with random weights of their own. ``norm``, a module, comes last. Inputs, output and errors are
    those of ``TransformerDecoderLayer``. PyTorch's TransformerDecoder, where all layers start with
    the same weights. Raises ValueError for ``num_layers`` below 1.

    >>> import numpy as np
    >>> from graphnet import nn
    >>> net = TransformerDecoder(nn.TransformerDecoderLayer(8, 2, 16, causal=True), 2)
    >>> net.forward(np.ones((5, 3, 8)), np.ones((7, 3, 8))).shape
    (5, 3, 8)
    """

    def __init__(
        self, decoder_layer: TransformerDecoderLayer, num_layers: int, norm: Module | None = None
    ) -> None:
        self.decoder_layer, self.norm = decoder_layer, norm
        self.num_layers = positive("TransformerDecoder: num_layers", num_layers)
        x, memory = input("tgt"), input("memory")
        others = [input(name, optional=True) for name in decoder_layer.optional_inputs()]
        inputs = [x, memory, *others]
        for number, layer in enumerate(layers_like(decoder_layer, num_layers), start=1):
            made: Node = layer([x, memory, *others])
            x = made.annotate(name=f"layer{number}")
        self._close(inputs, normalised(x, self.norm))


def layers_like(layer: Layer, count: int) -> list[Layer]:
    """The layer, and others of the same arguments with weights of their own."""
    names = [parameter.name for parameter in constructor_parameters(type(layer))]
    made = [layer]
    while len(made) < count:
        arguments = {name: getattr(layer, name) for name in names}
        if isinstance(layer.activation, Module):
            arguments["activation"] = layer.activation.clone()
        made.append(type(layer)(**arguments))
    return made


def normalised(x: Node, norm: Module | None) -> Node:
    if norm is None:
        return x
    node: Node = norm(x)
    return node.annotate(name="norm")
