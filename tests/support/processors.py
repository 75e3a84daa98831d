"""The lesser processors whose code this machine can run: tests make code for them as well."""

from __future__ import annotations

from graphnet.errors import GraphnetError
from graphnet.native.llvm.cpu_features import is_x86
from graphnet.native.llvm.target import Processor, processor, require_lesser


def runs_here(cpu: Processor) -> bool:
    try:
        require_lesser(cpu, processor())
    except GraphnetError:
        return False
    return True


NAMES = ("haswell", "nehalem") if is_x86() else ("generic",)
LESSER = [name for name in NAMES if runs_here(processor(name))]
