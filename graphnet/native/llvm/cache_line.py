"""The cache line, at which arrays in the memory of a run begin."""

from __future__ import annotations

LINE = 64
"""In bytes."""


def rounded_up(size: int) -> int:
    """Bytes in whole lines."""
    return -(-size // LINE) * LINE


def distance(address: int) -> int:
    """Bytes from an address to the next line."""
    return -address % LINE
