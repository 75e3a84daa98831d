"""The passes: functions from a program to a program that means the same, one file each."""

from __future__ import annotations

from collections.abc import Callable

from graphnet.ir.core.program import Program
from graphnet.native.passes.algebra.accumulate import accumulate
from graphnet.native.passes.algebra.batched_reduction import join_batches
from graphnet.native.passes.algebra.gather_matmul import look_up_products
from graphnet.native.passes.algebra.gemm_merging import merge
from graphnet.native.passes.algebra.reassociation import join_sums
from graphnet.native.passes.algebra.slice_sums import join_totals
from graphnet.native.passes.algebra.transpose_propagation import orient
from graphnet.native.passes.algebra.transposed_windows import transpose_windows
from graphnet.native.passes.algebra.unfolding import unfold
from graphnet.native.passes.loops.batch_sums import rowwise
from graphnet.native.passes.loops.hoist import hoist
from graphnet.native.passes.loops.sink import sink
from graphnet.native.passes.simplification.simplify import simplify

PASSES: tuple[tuple[str, Callable[[Program], Program]], ...] = (
    ("simplify", simplify),
    ("merge", merge),
    ("join sums", join_sums),
    ("hoist", hoist),
    ("sink", sink),
    ("unfold", unfold),
    ("rowwise", rowwise),
    ("look up products", look_up_products),
    ("simplify again", simplify),
    ("transpose windows", transpose_windows),
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
    "transpose_windows",
    "unfold",
]
