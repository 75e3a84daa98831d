"""Rows of attention; PyTorch's word for its layers is in tests/nn/attention."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnet import nn
from tests.module_rows.row import Row, given, integers, normal
from tests.support.oracle import F, torch

YOUNGER = "younger than Torch's nn"
XS, MEMORY, QUERY = normal(4, 2, 6), normal(5, 2, 6), normal(2, 3)
LATER = given(np.arange(4)[:, None] < np.arange(5))
PADDING = given(np.arange(5) >= np.array([[5], [2]]))
LENGTHS = integers(5, 2)


def young(make: Any, input: Any, torch_word: Any = None) -> Row:
    return Row(make, input, torch_word, without_torch=YOUNGER)


def additive(t: Any, w: Any, u: Any, v: Any) -> Any:
    query, memory = t
    a = F.softmax((torch.tanh((query @ w.T)[:, None] + memory @ u.T) @ v), -1)
    return torch.einsum("bs,bsn->bn", a, memory)


def general(t: Any, w: Any) -> Any:
    query, memory = t
    a = F.softmax(torch.einsum("bq,bsq->bs", query, memory @ w.T), -1)
    return torch.einsum("bs,bsn->bn", a, memory)


def first(make: Any) -> Any:
    """The context alone, of an attention that gives the weights too."""
    return lambda: nn.Sequential(make(), nn.SelectTable(0))


def encoder_layer(**options: Any) -> nn.TransformerEncoderLayer:
    return nn.TransformerEncoderLayer(6, 2, 5, **options)


def decoder_layer(**options: Any) -> nn.TransformerDecoderLayer:
    return nn.TransformerDecoderLayer(6, 2, 5, **options)


ROWS: dict[str, list[Row]] = {
    "AdditiveAttention": [
        young(lambda: nn.AdditiveAttention(3, 6, 4), [QUERY, normal(2, 5, 6), PADDING]),
        young(lambda: nn.AdditiveAttention(3, 6, 4), [normal(3), normal(5, 6)]),
        young(first(lambda: nn.AdditiveAttention(3, 6, 4)), [QUERY, normal(2, 5, 6)], additive),
    ],
    "Energy": [young(lambda: nn.Energy(4), normal(3, 4), lambda x, v: x @ v)],
    "JoinHeads": [
        young(nn.JoinHeads, normal(2, 3, 4, 5), lambda x: x.permute(2, 0, 1, 3).reshape(4, 2, 15)),
        young(lambda: nn.JoinHeads(True), normal(2, 3, 4, 5), lambda x: x.permute(0, 2, 1, 3).reshape(2, 4, 15)),
        young(nn.JoinHeads, normal(3, 4, 5), lambda x: x.permute(1, 0, 2).reshape(4, 15)),
    ],
    "MaskedSoftMax": [
        young(nn.MaskedSoftMax, normal(2, 4, 5), lambda x: F.softmax(x, -1)),
        young(
            lambda: nn.MaskedSoftMax(causal=True),
            normal(2, 4, 4),
            lambda x: F.softmax(x + torch.full((4, 4), -torch.inf).triu(1), -1),
        ),
        young(nn.MaskedSoftMax, [normal(2, 3, 4, 5), PADDING, LATER, integers(5, 2)]),
        young(nn.MaskedSoftMax, [normal(2, 3, 4, 5), normal(2, 5), normal(6, 4, 5)]),
    ],
    "MultiheadAttention": [
        young(lambda: nn.MultiheadAttention(6, 2), [XS, MEMORY, MEMORY]),
        young(
            lambda: nn.MultiheadAttention(6, 3, 0.3, kdim=4, vdim=7, batch_first=True, bias=False),
            [normal(2, 4, 6), normal(2, 5, 4), normal(2, 5, 7), PADDING, LATER],
        ),
        young(lambda: nn.MultiheadAttention(6, 1, causal=True), [XS, XS, XS, given(np.zeros((2, 4), bool)), normal(4, 4), integers(4, 2)]),
    ],
    "MultiplicativeAttention": [
        young(lambda: nn.MultiplicativeAttention(3, 3, "dot"), [QUERY, normal(2, 5, 3), PADDING, LENGTHS]),
        young(first(lambda: nn.MultiplicativeAttention(3, 6)), [QUERY, normal(2, 5, 6)], general),
    ],
    "PositionalEmbedding": [
        young(lambda: nn.PositionalEmbedding(7, 6), XS, lambda x, w: x + w[:4, None]),
        young(lambda: nn.PositionalEmbedding(4, 6, True), normal(2, 4, 6), torch.add),
    ],
    "PositionalEncoding": [
        young(lambda: nn.PositionalEncoding(6), XS),
        young(lambda: nn.PositionalEncoding(6, batch_first=True, base=10.0), normal(2, 4, 6)),
        young(lambda: nn.PositionalEncoding(5), normal(4, 5)),
    ],
    "ScaledDotProductAttention": [
        young(
            lambda: nn.ScaledDotProductAttention(0.3, causal=True, scale=0.2),
            [normal(2, 4, 3), normal(2, 5, 3), normal(2, 5, 6), PADDING],
        ),
        young(
            first(nn.ScaledDotProductAttention),
            [normal(2, 4, 3), normal(2, 5, 3), normal(2, 5, 6)],
            lambda t: F.scaled_dot_product_attention(*t),
        ),
    ],
    "ScaledMM": [
        young(nn.ScaledMM, [normal(2, 4, 3), normal(2, 5, 3)], lambda t: t[0] @ t[1].mT / 3**0.5),
        young(lambda: nn.ScaledMM(2.0), [normal(4, 3), normal(5, 3)], lambda t: t[0] @ t[1].mT * 2),
    ],
    "SplitHeads": [
        young(lambda: nn.SplitHeads(3), XS, lambda x: x.reshape(4, 2, 3, 2).permute(1, 2, 0, 3)),
        young(lambda: nn.SplitHeads(3, True), XS, lambda x: x.reshape(4, 2, 3, 2).permute(0, 2, 1, 3)),
        young(lambda: nn.SplitHeads(2), normal(4, 6), lambda x: x.reshape(4, 2, 3).permute(1, 0, 2)),
    ],
    "TransformerDecoder": [
        young(lambda: nn.TransformerDecoder(decoder_layer(), 2, nn.LayerNorm(6)), [XS, MEMORY]),
    ],
    "TransformerDecoderLayer": [
        young(lambda: decoder_layer(causal=True), [XS, MEMORY]),
        young(
            lambda: decoder_layer(norm_first=True, dropout=0.0, activation=nn.Tanh()),
            [XS, MEMORY, normal(4, 4), LATER, given(np.zeros((2, 4), bool)), PADDING],
        ),
    ],
    "TransformerEncoder": [
        young(lambda: nn.TransformerEncoder(encoder_layer(dropout=0.0), 2), XS),
    ],
    "TransformerEncoderLayer": [
        young(encoder_layer, XS),
        young(
            lambda: encoder_layer(activation="gelu", norm_first=True, bias=False, dropout=0.0),
            [XS, normal(4, 4), given(np.zeros((2, 4), bool)), given([4, 2])],
        ),
        young(lambda: encoder_layer(batch_first=True, layer_norm_eps=0.1), normal(2, 4, 6)),
    ],
}  # fmt: skip
