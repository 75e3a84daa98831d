"""The compiler's rule for each primitive, all in one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graphnet.ir.core.program import Program
from graphnet.native.codegen import in_line
from graphnet.native.codegen.kernel_cache import Kernels
from graphnet.native.codegen.scan_body import InLineRule
from graphnet.native.llvm.functions import ELEMENT_RULES, Element
from graphnet.native.lowering.contraction import contraction
from graphnet.native.lowering.lowering import LoweringRule
from graphnet.native.lowering.movement import concatenate, unslice, view
from graphnet.native.lowering.products import product
from graphnet.native.lowering.reductions import reduction
from graphnet.native.lowering.window_maxima import put_at_maxima, take_at_maxima
from graphnet.native.lowering.windows import overlap_add
from graphnet.native.scheduling import contractions
from graphnet.native.scheduling.indexing import checked_lengths, scatter_add, take
from graphnet.native.scheduling.scans import scan
from graphnet.native.scheduling.schedule import Scheduler, SchedulingRule


@dataclass(frozen=True, slots=True)
class NativeRule:
    """How the compiler computes a primitive: by one rule, or none."""

    element: Element | None = None
    """In a fused loop, on vectors."""
    lowering: LoweringRule | None = None
    """On strided views."""
    scheduling: SchedulingRule | None = None
    """By calls of kernels, which the body of a scan cannot make; it then follows ``lowering``."""
    in_line: InLineRule | None = None
    """By code in the body of a scan."""


VIEW = NativeRule(lowering=view)
REDUCTION = NativeRule(lowering=reduction)
PRODUCT = NativeRule(lowering=product)
NONE = NativeRule()

RULES: Mapping[str, NativeRule] = {
    **{name: NativeRule(element) for name, element in ELEMENT_RULES.items()},
    "identity": VIEW,
    "l1_penalty": VIEW,
    "stop_gradient": VIEW,
    "slice": VIEW,
    "reshape": VIEW,
    "transpose": VIEW,
    "broadcast": VIEW,
    "windows": VIEW,
    "flip": VIEW,
    "concatenate": NativeRule(lowering=concatenate),
    "unslice": NativeRule(lowering=unslice),
    "overlap_add": NativeRule(lowering=overlap_add),
    "take_at_maxima": NativeRule(lowering=take_at_maxima),
    "put_at_maxima": NativeRule(lowering=put_at_maxima),
    "sum": REDUCTION,
    "max": REDUCTION,
    "matmul": PRODUCT,
    "matmul_add": PRODUCT,
    "einsum": NativeRule(lowering=contraction, scheduling=contractions.contraction),
    "take": NativeRule(scheduling=take, in_line=in_line.take),
    "scatter_add": NativeRule(scheduling=scatter_add, in_line=in_line.scatter_add),
    "checked_lengths": NativeRule(scheduling=checked_lengths, in_line=in_line.checked_lengths),
    "scan": NativeRule(scheduling=scan, in_line=in_line.scan),
    "call": NONE,
}
"""By name. What is not here runs interpreted, as does what has the rule ``NONE``."""


def scheduled(program: Program, kernels: Kernels) -> Scheduler:
    """The calls of a program, every equation of which has a native rule."""
    both = {name: rule.lowering for name, rule in RULES.items() if rule.lowering}
    outside = {name: rule.scheduling for name, rule in RULES.items() if rule.scheduling}
    inside = {name: rule.in_line for name, rule in RULES.items() if rule.in_line}
    scheduler = Scheduler(program, kernels, {**both, **outside}, {**both, **inside})
    scheduler.run()
    return scheduler
