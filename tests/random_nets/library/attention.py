"""Attention at random sizes: a sequence that looks at itself, or at another one; a line each."""

from __future__ import annotations

from tests.random_nets.choices import Choices
from tests.random_nets.library.writing import Shape, Write, flag, known, width


def heads(c: Choices, s: Shape) -> int:
    return c.one_of([n for n in (1, 2, 3, 4) if s[-1] % n == 0])


def itself(text: str) -> str:
    """As query, key and value."""
    return f"nn.Sequential(nn.ConcatTable(*[nn.Identity() for _ in range(3)]), {text})"


def transformer(kind: str, c: Choices, s: Shape) -> str:
    activation = c.one_of(("relu", "gelu"))
    options = f"dropout={c.one_of((0.0, 0.2))}, activation={activation!r}, norm_first={flag(c)}"
    return f"nn.Transformer{kind}Layer({s[-1]}, {heads(c, s)}, {width(c)}, {options})"


ITSELF: dict[str, Write] = known(
    {
        "JoinHeads": lambda c, s: "nn.JoinHeads()",
        "MaskedSoftMax": lambda c, s: f"nn.MaskedSoftMax(causal={flag(c)})",
        "MultiheadAttention": lambda c, s: itself(
            f"nn.MultiheadAttention({s[-1]}, {heads(c, s)}, bias={flag(c)}, causal={flag(c)})"
        ),
        "PositionalEmbedding": lambda c, s: f"nn.PositionalEmbedding(9, {s[-1]})",
        "PositionalEncoding": lambda c, s: f"nn.PositionalEncoding({s[-1]})",
        "ScaledDotProductAttention": lambda c, s: itself(
            f"nn.ScaledDotProductAttention({c.one_of((0.0, 0.3))}, causal={flag(c)})"
        ),
        "SplitHeads": lambda c, s: f"nn.SplitHeads({heads(c, s)})",
    }
)
"""Of (steps, batch, features)."""

WITH_LENGTHS: dict[str, Write] = known(
    {
        "TransformerEncoder": lambda c, s: (
            f"nn.TransformerEncoder({transformer('Encoder', c, s)}, {c.between(1, 2)})"
        ),
        "TransformerEncoderLayer": lambda c, s: transformer("Encoder", c, s),
    }
)
"""Of (steps, batch, features); they take lengths."""

OF_TWO: dict[str, Write] = known(
    {
        "ScaledMM": lambda c, s: f"nn.ScaledMM({c.one_of((None, 0.5))})",
        "TransformerDecoder": lambda c, s: (
            f"nn.TransformerDecoder({transformer('Decoder', c, s)}, 1)"
        ),
        "TransformerDecoderLayer": lambda c, s: transformer("Decoder", c, s),
    }
)
"""Of a table of two sequences of this shape."""


def decoder(c: Choices, s: Shape, memory: Shape) -> str:
    """A cell that reads the same memory at each step."""
    cell = c.one_of(("gru_cell", "lstm_cell", "rnn_cell"))
    kind = c.one_of(("additive", "general"))
    made = f"{s[-1]}, {width(c)}, {memory[-1]}, attention={kind!r}, cell=nn.{cell}"
    return (
        f"nn.Recurrent(nn.attention_decoder_cell({made}), constants=['memory', 'memory_lengths'])"
    )
