"""The passes: functions from a program to a program that means the same, one file each."""

from __future__ import annotations

from collections.abc import Callable

from graphnet.ir.program import Program
from graphnet.native.passes.hoist import hoist
from graphnet.native.passes.merge import merge
from graphnet.native.passes.simplify import simplify
from graphnet.native.passes.sink import sink

PASSES: tuple[tuple[str, Callable[[Program], Program]], ...] = (
    ("simplify", simplify),
    ("merge", merge),
    ("hoist", hoist),
    ("sink", sink),
    ("simplify again", simplify),
)
"""In the order in which a program goes through them."""

__all__ = ["PASSES", "hoist", "merge", "simplify", "sink"]
