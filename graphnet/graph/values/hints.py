"""PyTorch and Torch names, with their equivalents; names close to a misspelt one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

ELSEWHERE = {
    "state_dict": "save(path), parameters().named, or nn.to_torch_state_dict(net)",
    "load_state_dict": "graphnet.load(path), or nn.from_torch_state_dict(net, weights)",
    "to": "astype(dtype), float(), double()",
    "remember": "nn.remember(net)",
    "forget": "nn.forget(net)",
}
"""Attributes of PyTorch's modules, and their equivalents."""


def missing_attribute(owner: object, name: str) -> AttributeError:
    """The error for a missing attribute, with its equivalent if there is one."""
    hint = f"; here it is {ELSEWHERE[name]}" if name in ELSEWHERE else ""
    return AttributeError(f"{type(owner).__name__} has no attribute {name!r}{hint}")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``Did you mean gate? `` for a close known name, else an empty string."""
    close = get_close_matches(name, {word for word in known if word != name}, 1)
    return f"Did you mean {close[0]}? " if close else ""
