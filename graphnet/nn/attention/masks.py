"""Masks of attention: which keys a query may look at, and a softmax over these alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnet.errors import DtypeError, ShapeError
from graphnet.graph import Module
from graphnet.graph.modules.optional import whole_table
from graphnet.nn.layers.tables import require_array
from graphnet.ops import checked_lengths, softmax, where

__all__ = ["MaskedSoftMax"]

MASKS = ("key_padding_mask", "attn_mask", "lengths")


class MaskedSoftMax(Module):
    """The softmax of scores over the keys that may be looked at: (…, queries, keys) to the same.

    Optional inputs after the scores: ``key_padding_mask`` (batch, keys); ``attn_mask`` (queries,
    keys), (batch · heads, queries, keys) or what broadcasts to the scores; ``lengths`` (batch,),
    how many of the keys are no padding. A truth value True leaves a key out, as in PyTorch's
    MultiheadAttention; a mask of numbers is added to the scores. With ``causal`` query i looks at
    the keys 0 to i. The weights of a query that may look at nothing are zero. Raises ShapeError for
    a mask that does not fit the scores, DtypeError for one of whole numbers, IndexRangeError for a
    length below 0 or above the number of keys.
    """

    def __init__(self, causal: bool = False) -> None:
        self.causal = causal

    def required_names(self) -> tuple[str, ...]:
        return ("scores",)

    def optional_inputs(self) -> tuple[str, ...]:
        return MASKS

    def compute(self, input: Any) -> Any:
        scores, padding, attn_mask, lengths = whole_table(self, input, 1, MASKS)
        scores = require_array(scores)
        given = [
            None if attn_mask is None else fitted_mask(scores, attn_mask),
            None if padding is None else of_keys(scores, padding, "key_padding_mask"),
            None if lengths is None else beyond(scores, lengths),
        ]
        masks = [mask for mask in given if mask is not None]
        for mask in masks:
            if mask.dtype.kind == "f":
                scores = scores + mask
        flags = [mask for mask in masks if mask.dtype.kind == "b"]
        never = any_of([*flags, *([later_keys(scores)] if self.causal else [])])
        if never is None:
            return softmax(scores)
        lowest = float(np.finfo(scores.dtype).min) / 2  # less the maximum, it still is a number
        weights = softmax(where(never, lowest, scores))
        return where(never, 0, weights) if flags else weights


def any_of(flags: list[Any]) -> Any:
    """The keys that one of the masks leaves out; None without masks."""
    found = None
    for flag in flags:
        found = flag if found is None else where(flag, flag, found)
    return found


def later_keys(scores: Any) -> Any:
    """The keys behind the position of each query: (queries, keys)."""
    queries, keys = scores.shape[-2:]
    return np.arange(queries)[:, None] < np.arange(keys)


def fitted_mask(scores: Any, mask: Any) -> Any:
    """A mask of queries and keys that broadcasts to the scores (batch, heads, queries, keys)."""
    require_mask("attn_mask", mask)
    if mask.ndim == 3 and scores.ndim == 4 and mask.shape[0] == scores.shape[0] * scores.shape[1]:
        return mask.reshape(scores.shape)
    fits = mask.ndim <= scores.ndim and all(
        n in (1, m) for n, m in zip(mask.shape[::-1], scores.shape[::-1], strict=False)
    )
    if not fits:
        raise misfit(scores, "attn_mask", mask, str(tuple(scores.shape[-2:])))
    return mask


def of_keys(scores: Any, mask: Any, name: str) -> Any:
    """A mask (batch, keys), or (keys,) without batch, that broadcasts to the scores."""
    require_mask(name, mask)
    batch = scores.shape[: 0 if mask.ndim == 1 else 1]
    if tuple(mask.shape) != (*batch, scores.shape[-1]):
        raise misfit(scores, name, mask, str((*scores.shape[:1], scores.shape[-1])))
    return mask.reshape(*batch, *[1] * (scores.ndim - 1 - len(batch)), scores.shape[-1])


def beyond(scores: Any, lengths: Any) -> Any:
    """The keys that are padding, of as many real ones: (batch,), or one number without batch."""
    if lengths.dtype.kind in "iu" and lengths.dtype != np.int64:
        lengths = lengths.astype(np.int64)
    if lengths.ndim and tuple(lengths.shape) != scores.shape[:1]:
        raise misfit(scores, "lengths", lengths, str(scores.shape[:1]))
    lengths = checked_lengths(lengths.reshape(-1), steps=scores.shape[-1])
    return lengths.reshape(-1, *[1] * (scores.ndim - 1)) <= np.arange(scores.shape[-1])


def require_mask(name: str, mask: Any) -> None:
    if mask.dtype.kind not in "bf":
        raise DtypeError(
            f"received {name} of {mask.dtype}, expected truth values or numbers to add",
            "True leaves a key out: mask.astype(bool).",
        )


def misfit(scores: Any, name: str, mask: Any, expected: str) -> ShapeError:
    return ShapeError(
        f"received {name} {tuple(mask.shape)} for scores {tuple(scores.shape)}, "
        f"expected {expected}",
        "Scores are (batch, heads, queries, keys).",
    )
