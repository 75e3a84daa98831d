"""The compiler's rule for each primitive, all in one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graphnet.ir.core.program import Program
from graphnet.native.codegen.kernel_cache import Kernels
from graphnet.native.llvm.functions import ELEMENT_RULES, Element
from graphnet.native.lowering.lowering import Rule
from graphnet.native.lowering.movement import concatenate, unslice, view
from graphnet.native.lowering.products import product
from graphnet.native.lowering.reductions import reduction
from graphnet.native.scheduling.indexing import checked_lengths, scatter_add, take
from graphnet.native.scheduling.scans import scan
from graphnet.native.scheduling.schedule import Scheduler


@dataclass(frozen=True, slots=True)
class NativeRule:
    """How the compiler computes a primitive: in a fused loop, as an ``element`` of vectors; or by a
    ``rule``, which holds in the body of a scan, too, unless it is ``only_outside``."""

    element: Element | None = None
    rule: Rule | None = None
    only_outside: bool = False


VIEW = NativeRule(rule=view)
REDUCTION = NativeRule(rule=reduction)
PRODUCT = NativeRule(rule=product)
NONE = NativeRule()

RULES: Mapping[str, NativeRule] = {
    **{name: NativeRule(element) for name, element in ELEMENT_RULES.items()},
    "identity": VIEW,
    "stop_gradient": VIEW,
    "slice": VIEW,
    "reshape": VIEW,
    "transpose": VIEW,
    "broadcast": VIEW,
    "concatenate": NativeRule(rule=concatenate),
    "unslice": NativeRule(rule=unslice),
    "sum": REDUCTION,
    "max": REDUCTION,
    "matmul": PRODUCT,
    "matmul_add": PRODUCT,
    "take": NativeRule(rule=take, only_outside=True),
    "scatter_add": NativeRule(rule=scatter_add, only_outside=True),
    "checked_lengths": NativeRule(rule=checked_lengths, only_outside=True),
    "scan": NativeRule(rule=scan, only_outside=True),
    "call": NONE,
}
"""By name. What is not here runs interpreted, as does what has the rule ``NONE``."""


def scheduled(program: Program, kernels: Kernels) -> Scheduler:
    """The calls of a program, every equation of which has a native rule."""
    rules = {name: native.rule for name, native in RULES.items() if native.rule}
    inside = {name: rule for name, rule in rules.items() if not RULES[name].only_outside}
    scheduler = Scheduler(program, kernels, rules, inside)
    scheduler.run()
    return scheduler
