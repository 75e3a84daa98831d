"""Attention layers give PyTorch's values and gradients, with PyTorch's weights, masks and layouts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphnet import nn
from graphnet.errors import FormatError, GraphError
from tests.support.oracle import F, torch

STEPS, SOURCE, BATCH, SIZE, HEADS, HIDDEN = 5, 6, 3, 8, 2, 12
Arrays = dict[str, Any]


def tensors(values: Arrays) -> Arrays:
    return {name: torch.from_numpy(value) for name, value in values.items()}


def assert_same(
    net: Any, peer: Any, inputs: list[np.ndarray], ours: Arrays, theirs: Arrays, compiled: bool
) -> None:
    """Values, gradients of inputs and of weights agree to 1e-10, with PyTorch's weights."""
    nn.from_torch_state_dict(net, peer.state_dict())
    random = np.random.default_rng(1)
    leaves = [torch.from_numpy(x.copy()).requires_grad_() for x in inputs]
    expected = peer(*leaves, **theirs)
    expected = list(expected) if isinstance(expected, tuple) else [expected]
    run = net.compile(compiled).run(*inputs, **ours)
    found = run.outputs if isinstance(run.outputs, list | tuple) else [run.outputs]
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b.detach().numpy(), rtol=0, atol=1e-10)
    seeds = [random.normal(size=a.shape) for a in found]
    by_input = run.backward(seeds if len(seeds) > 1 else seeds[0])
    torch.autograd.backward(expected, [torch.from_numpy(seed) for seed in seeds])
    by_input = by_input if isinstance(by_input, list | tuple) else [by_input]
    for mine, leaf in zip(by_input, leaves, strict=False):
        np.testing.assert_allclose(mine, leaf.grad.numpy(), rtol=0, atol=1e-10)
    wanted = {name: p.grad.numpy() for name, p in peer.named_parameters()}
    for name, parts in net.torch_names():
        mine = np.concatenate([part.grad for part in parts])
        np.testing.assert_allclose(mine, wanted[name], rtol=0, atol=1e-10, err_msg=name)


def causal(queries: int, keys: int) -> np.ndarray:
    return np.arange(queries)[:, None] < np.arange(keys)


def padding() -> np.ndarray:
    return np.arange(SOURCE) >= np.array([[6], [2], [4]])


def some_mask(rng: np.random.Generator) -> np.ndarray:
    """For each head of each sequence; the first key is never left out."""
    mask = rng.random((BATCH * HEADS, STEPS, SOURCE)) > 0.6
    mask[..., 0] = False
    return mask


MASKS: dict[str, Callable[[np.random.Generator], Arrays]] = {
    "none": lambda rng: {},
    "truth values": lambda rng: {"attn_mask": causal(STEPS, SOURCE)},
    "numbers": lambda rng: {"attn_mask": rng.normal(size=(STEPS, SOURCE))},
    "minus infinity": lambda rng: {"attn_mask": np.where(causal(STEPS, SOURCE), -np.inf, 0.0)},
    "of each head": lambda rng: {"attn_mask": some_mask(rng)},
    "padding": lambda rng: {"key_padding_mask": padding()},
    "padding as numbers": lambda rng: {"key_padding_mask": rng.normal(size=(BATCH, SOURCE))},
    "both": lambda rng: {"attn_mask": causal(STEPS, SOURCE), "key_padding_mask": padding()},
}
OPTIONS: list[Arrays] = [{}, {"bias": False}, {"batch_first": True}, {"kdim": 7, "vdim": 4}]


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("masks", MASKS)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_multihead_attention(
    masks: str, options: Arrays, compiled: bool, rng: np.random.Generator
) -> None:
    net = nn.MultiheadAttention(SIZE, HEADS, **options)
    peer = torch.nn.MultiheadAttention(SIZE, HEADS, **options).double()
    sizes = (SIZE, options.get("kdim", SIZE), options.get("vdim", SIZE))
    inputs = [
        rng.normal(size=(steps, BATCH, size))
        for steps, size in zip((STEPS, SOURCE, SOURCE), sizes, strict=True)
    ]
    if net.batch_first:
        inputs = [np.ascontiguousarray(x.swapaxes(0, 1)) for x in inputs]
    given = MASKS[masks](rng)
    assert_same(net, peer, inputs, given, tensors(given), compiled)


@pytest.mark.parametrize("compiled", [False, True])
def test_attention_of_one_sequence_to_itself_without_batch(
    compiled: bool, rng: np.random.Generator
) -> None:
    net = nn.MultiheadAttention(SIZE, HEADS, causal=True)
    peer = torch.nn.MultiheadAttention(SIZE, HEADS).double()
    x = rng.normal(size=(STEPS, SIZE))
    given = {"attn_mask": torch.from_numpy(causal(STEPS, STEPS))}
    assert_same(net, peer, [x, x, x], {}, given, compiled)


LAYER_OPTIONS: list[Arrays] = [
    {}, {"norm_first": True}, {"activation": "gelu"}, {"batch_first": True}, {"bias": False},
    {"layer_norm_eps": 0.1},
]  # fmt: skip


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("options", LAYER_OPTIONS, ids=str)
def test_layers_of_a_transformer(options: Arrays, compiled: bool, rng: np.random.Generator) -> None:
    x, memory = rng.normal(size=(STEPS, BATCH, SIZE)), rng.normal(size=(SOURCE, BATCH, SIZE))
    if options.get("batch_first"):
        x, memory = (np.ascontiguousarray(a.swapaxes(0, 1)) for a in (x, memory))
    sizes = (SIZE, HEADS, HIDDEN, 0.0)
    encoder = nn.TransformerEncoderLayer(*sizes, **options)
    peer = torch.nn.TransformerEncoderLayer(*sizes, **options).double()
    given = {"src_mask": causal(STEPS, STEPS), "src_key_padding_mask": padding()[:, :STEPS]}
    assert_same(encoder, peer, [x], given, tensors(given), compiled)
    decoder = nn.TransformerDecoderLayer(*sizes, **options)
    peer = torch.nn.TransformerDecoderLayer(*sizes, **options).double()
    given = {
        "tgt_mask": causal(STEPS, STEPS), "memory_mask": causal(STEPS, SOURCE),
        "tgt_key_padding_mask": padding()[:, :STEPS], "memory_key_padding_mask": padding(),
    }  # fmt: skip
    assert_same(decoder, peer, [x, memory], given, tensors(given), compiled)
    assert_same(decoder, peer, [x, memory], {}, {}, compiled)


@pytest.mark.parametrize("norm", [False, True])
def test_stacks_of_a_transformer(norm: bool, rng: np.random.Generator) -> None:
    x, memory = rng.normal(size=(STEPS, BATCH, SIZE)), rng.normal(size=(SOURCE, BATCH, SIZE))
    sizes = (SIZE, HEADS, HIDDEN, 0.0)

    def normalisation(library: Any) -> Any:
        return library.LayerNorm(SIZE) if norm else None

    layer: Any = nn.TransformerEncoderLayer(*sizes)
    encoder = nn.TransformerEncoder(layer, 3, normalisation(nn))
    first, second = (encoder[f"layer{n}.linear1.weight"].data for n in (1, 2))
    assert not np.allclose(first, second)
    peer = torch.nn.TransformerEncoder(
        torch.nn.TransformerEncoderLayer(*sizes), 3, normalisation(torch.nn),
        enable_nested_tensor=False,
    ).double()  # fmt: skip
    given = {"mask": causal(STEPS, STEPS), "src_key_padding_mask": padding()[:, :STEPS]}
    assert_same(encoder, peer, [x], given, tensors(given), compiled=True)
    layer = nn.TransformerDecoderLayer(*sizes, activation=nn.GELU())
    decoder = nn.TransformerDecoder(layer, 2, normalisation(nn))
    peer = torch.nn.TransformerDecoder(
        torch.nn.TransformerDecoderLayer(*sizes, activation="gelu"), 2, normalisation(torch.nn)
    ).double()
    given = {"tgt_mask": causal(STEPS, STEPS), "memory_key_padding_mask": padding()}
    assert_same(decoder, peer, [x, memory], given, tensors(given), compiled=True)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("is_causal", [False, True])
def test_scaled_dot_product(is_causal: bool, compiled: bool, rng: np.random.Generator) -> None:
    query, key = rng.normal(size=(2, BATCH, HEADS, STEPS, 4))
    value = rng.normal(size=(BATCH, HEADS, STEPS, 7))
    net = nn.ScaledDotProductAttention(causal=is_causal, scale=0.3).compile(compiled)
    mask = None if is_causal else rng.random((STEPS, STEPS)) > 0.5
    mask = mask if mask is None else mask & ~np.eye(STEPS, dtype=bool)
    run = net.run(query, key, value, attn_mask=mask)
    leaves = [torch.from_numpy(x).requires_grad_() for x in (query, key, value)]
    keep = None if mask is None else torch.from_numpy(~mask)
    expected = F.scaled_dot_product_attention(
        *leaves, attn_mask=keep, is_causal=is_causal, scale=0.3
    )
    np.testing.assert_allclose(run.outputs[0], expected.detach().numpy(), atol=1e-12)
    seed = rng.normal(size=value.shape)
    expected.backward(torch.from_numpy(seed))
    for mine, leaf in zip(run.backward([seed, None]), leaves, strict=False):
        np.testing.assert_allclose(mine, leaf.grad.numpy(), atol=1e-12)
    without = nn.ScaledDotProductAttention().forward(query, key, value)[0]
    plain = F.scaled_dot_product_attention(*map(torch.from_numpy, (query, key, value)))
    np.testing.assert_allclose(without, plain.numpy(), atol=1e-12)


def test_weights_go_both_ways_also_inside_of_a_container() -> None:
    net = nn.Sequential(nn.Linear(3, SIZE), nn.TransformerEncoderLayer(SIZE, HEADS, HIDDEN))
    layer = torch.nn.TransformerEncoderLayer(SIZE, HEADS, HIDDEN)
    peer = torch.nn.Sequential(torch.nn.Linear(3, SIZE), layer)
    weights = nn.to_torch_state_dict(net)
    assert list(weights) == list(peer.state_dict())
    peer.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    with pytest.raises(FormatError, match="lacks in_proj_weight"):
        nn.from_torch_state_dict(nn.MultiheadAttention(SIZE, HEADS), {})
    with pytest.raises(GraphError, match="has a graph in it"):
        nn.to_torch_state_dict(nn.Sequential(nn.LSTM(3, 4)))


def test_the_products_start_as_those_of_torch() -> None:
    ours = nn.to_torch_state_dict(nn.MultiheadAttention(64, 4))
    theirs = torch.nn.MultiheadAttention(64, 4).state_dict()
    for name, value in ours.items():
        expected = theirs[name].abs().max().item()
        assert np.abs(value).max() == pytest.approx(expected, rel=0.01)
