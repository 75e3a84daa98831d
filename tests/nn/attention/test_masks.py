"""Masks of attention: padding that is never read, queries without keys, and what does not fit."""

from __future__ import annotations

import numpy as np
import pytest

from graphnet import nn
from graphnet.errors import DtypeError, IndexRangeError, ShapeError

STEPS, BATCH, SIZE = 5, 3, 4
LENGTHS = [5, 2, 0]


def padded(x: np.ndarray) -> np.ndarray:
    """A sequence (steps, batch, …) with NaN behind the lengths."""
    return np.where((np.arange(STEPS)[:, None] < LENGTHS)[..., None], x, np.nan)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("norm_first", [False, True])
def test_padding_is_never_read_and_zero_in_the_output(
    norm_first: bool, compiled: bool, rng: np.random.Generator
) -> None:
    net = nn.TransformerEncoder(
        nn.TransformerEncoderLayer(SIZE, 2, 6, 0.0, norm_first=norm_first), 2, nn.LayerNorm(SIZE)
    ).compile(compiled)
    xs = rng.normal(size=(STEPS, BATCH, SIZE))
    run = net.run(padded(xs), lengths=LENGTHS)
    for row, length in enumerate(LENGTHS):
        if length:
            alone = net.forward(xs[:length, row])
            np.testing.assert_allclose(run.outputs[:length, row], alone, rtol=1e-11, atol=1e-12)
    gradient = run.backward(np.ones_like(run.outputs))[0]
    assert not gradient[2:, 1].any()
    assert not gradient[:, 2].any()
    assert all(np.isfinite(parameter.grad).all() for parameter in net.parameters())


def test_a_query_that_may_look_at_nothing_gets_nothing(rng: np.random.Generator) -> None:
    scores = rng.normal(size=(BATCH, 2, STEPS, STEPS))
    weights = nn.MaskedSoftMax().forward(scores, lengths=LENGTHS)
    np.testing.assert_allclose(weights.sum(-1)[0], 1)
    assert not weights[2].any()
    net = nn.MaskedSoftMax()
    run = net.run(scores, attn_mask=np.ones((STEPS, STEPS), bool))
    assert not run.outputs.any()
    gradient = run.backward(np.ones_like(scores))[0]
    assert np.isfinite(gradient).all()


def test_large_scores_do_not_overflow() -> None:
    scores = np.array([[1e308, -1e308, 1e308]])
    weights = nn.MaskedSoftMax().forward(scores, key_padding_mask=np.array([[False, False, True]]))
    np.testing.assert_array_equal(weights, [[1, 0, 0]])


def test_lengths_causal_and_masks_leave_out_what_any_of_them_does(rng: np.random.Generator) -> None:
    scores = rng.normal(size=(BATCH, 2, STEPS, STEPS))
    never = rng.random((STEPS, STEPS)) > 0.7
    padding = rng.random((BATCH, STEPS)) > 0.7
    net = nn.MaskedSoftMax(causal=True)
    weights = net.forward(scores, attn_mask=never, key_padding_mask=padding, lengths=LENGTHS)
    out = never | ~np.tri(STEPS, dtype=bool) | padding[:, None, None]
    out = out | (np.arange(STEPS) >= np.array(LENGTHS)[:, None])[:, None, None]
    e = np.where(out, 0, np.exp(scores))
    total = e.sum(-1, keepdims=True)
    np.testing.assert_allclose(weights, e / np.where(total == 0, 1, total), rtol=1e-12)


@pytest.mark.parametrize(
    ("named", "error", "message"),
    [
        ({"attn_mask": np.ones((4, 4), bool)}, ShapeError, r"attn_mask \(4, 4\) for scores"),
        ({"attn_mask": np.ones((5, 3, 2, 5, 5), bool)}, ShapeError, "attn_mask"),
        ({"attn_mask": np.ones((5, 5), int)}, DtypeError, "truth values or numbers"),
        ({"key_padding_mask": np.ones((2, 5), bool)}, ShapeError, r"expected \(3, 5\)"),
        ({"lengths": np.array([1, 2])}, ShapeError, r"lengths \(2,\)"),
        ({"lengths": np.array([1, 2, 6])}, IndexRangeError, "6"),
        ({"lengths": np.array([1.0, 2.0, 3.0])}, DtypeError, "float64"),
    ],
)
def test_what_does_not_fit_is_told(
    named: dict[str, np.ndarray], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        nn.MaskedSoftMax().forward(np.ones((BATCH, 2, STEPS, STEPS)), **named)


def test_layers_name_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="embed_dim is 6 and num_heads is 4"):
        nn.MultiheadAttention(6, 4)
    with pytest.raises(ValueError, match=r"TransformerEncoderLayer: dropout is 1\.5"):
        nn.TransformerEncoderLayer(4, 2, dropout=1.5)
    with pytest.raises(ValueError, match="activation is 'tanh', expected 'relu' or 'gelu'"):
        nn.TransformerDecoderLayer(4, 2, activation="tanh")
    with pytest.raises(ValueError, match="score is 'cosine'"):
        nn.MultiplicativeAttention(3, 3, "cosine")
    with pytest.raises(ShapeError, match="has 3 positions, received 5 steps"):
        nn.PositionalEmbedding(3, 4).forward(np.ones((5, 2, 4)))
    x = np.ones((STEPS, BATCH, 4))
    with pytest.raises(ShapeError, match="k_proj"):
        nn.MultiheadAttention(4, 2).forward(x, x[..., 1:], x)
    with pytest.raises(ShapeError, match="batch"):
        nn.MultiheadAttention(4, 2).forward(x, x[:, 1:], x[:, 1:])


@pytest.mark.parametrize("size", [4, 5])
def test_positions_are_waves(size: int) -> None:
    rows = nn.PositionalEncoding(size).forward(np.zeros((7, 1, size)))[:, 0]
    for t in range(7):
        for i in range(size):
            angle = t / 10_000 ** (2 * (i // 2) / size)
            assert rows[t, i] == pytest.approx([np.sin, np.cos][i % 2](angle), abs=1e-12)
    batch = nn.PositionalEncoding(size, batch_first=True).forward(np.zeros((2, 7, size)))
    np.testing.assert_array_equal(batch[1], rows)
    single = nn.PositionalEncoding(size).float().forward(np.zeros((7, size), np.float32))
    assert single.dtype == np.float32
