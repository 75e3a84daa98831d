"""The passes: functions from a program to a program that means the same, one file each."""

from __future__ import annotations

from collections.abc import Callable

from graphnet.ir.program import Program
from graphnet.native.passes.accumulate import accumulate
from graphnet.native.passes.batches import join_batches
from graphnet.native.passes.hoist import hoist
from graphnet.native.passes.lookups import look_up_products
from graphnet.native.passes.merge import merge
from graphnet.native.passes.orient import orient
from graphnet.native.passes.rowwise import rowwise
from graphnet.native.passes.simplify import simplify
from graphnet.native.passes.sink import sink
from graphnet.native.passes.sums import join_sums
from graphnet.native.passes.totals import join_totals

PASSES: tuple[tuple[str, Callable[[Program], Program]], ...] = (
    ("simplify", simplify),
    ("merge", merge),
    ("join sums", join_sums),
    ("hoist", hoist),
    ("sink", sink),
    ("rowwise", rowwise),
    ("look up products", look_up_products),
    ("simplify again", simplify),
    ("join batches", join_batches),
    ("join totals", join_totals),
    ("orient", orient),
    ("accumulate", accumulate),
)
"""In the order in which a program goes through them."""

__all__ = [
    "PASSES",
    "accumulate",
    "hoist",
    "join_batches",
    "join_sums",
    "join_totals",
    "look_up_products",
    "merge",
    "orient",
    "rowwise",
    "simplify",
    "sink",
]
