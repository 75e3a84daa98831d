"""The compiler's rule for each primitive, all in one table."""

from __future__ import annotations

from collections.abc import Mapping

from graphnet.ir.core.program import Program
from graphnet.native.codegen.kernel_cache import Kernels
from graphnet.native.codegen.scan_body import Emitter
from graphnet.native.llvm.functions import ELEMENT_RULES
from graphnet.native.scheduling.data_movement import concatenate, unslice, view
from graphnet.native.scheduling.indexing import checked_lengths, scatter_add, take
from graphnet.native.scheduling.products import product
from graphnet.native.scheduling.reductions import reduction
from graphnet.native.scheduling.scans import scan
from graphnet.native.scheduling.schedule import NativeRule, Scheduler

VIEW = NativeRule(call=view, step=Emitter.view)
PRODUCT = NativeRule(call=product, step=Emitter.product)
REDUCTION = NativeRule(call=reduction, step=Emitter.reduction)
NONE = NativeRule()

RULES: Mapping[str, NativeRule] = {
    **{name: NativeRule(element) for name, element in ELEMENT_RULES.items()},
    "identity": VIEW,
    "stop_gradient": VIEW,
    "slice": VIEW,
    "reshape": VIEW,
    "transpose": VIEW,
    "broadcast": VIEW,
    "concatenate": NativeRule(call=concatenate, step=Emitter.concatenate),
    "unslice": NativeRule(call=unslice, step=Emitter.unslice),
    "sum": REDUCTION,
    "max": REDUCTION,
    "matmul": PRODUCT,
    "matmul_add": PRODUCT,
    "take": NativeRule(call=take),
    "scatter_add": NativeRule(call=scatter_add),
    "checked_lengths": NativeRule(call=checked_lengths),
    "scan": NativeRule(call=scan),
    "call": NONE,
}
"""By name. What is not here runs interpreted, as does what has the rule ``NONE``."""


def scheduled(program: Program, kernels: Kernels) -> Scheduler:
    """The calls of a program, every equation of which has a native rule."""
    scheduler = Scheduler(program, kernels, RULES)
    scheduler.run()
    return scheduler
