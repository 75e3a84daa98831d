"""Listings: the code of the kernels of a compiled program, for people to read."""

from __future__ import annotations

from collections.abc import Iterable

from graphnet.native.codegen.kernel_cache import KernelCode, Kernels, known_kernels, text_of
from graphnet.native.execution.native_pieces import Native
from graphnet.native.llvm.target import assembly
from graphnet.native.scheduling.execution_plan import sharing
from graphnet.native.scheduling.rules import scheduled
from graphnet.text_table import aligned

HEAD = 70
"""Characters of what a kernel computes, in the comment above."""


def llvm_text(native: Native) -> str:
    """The kernels of a piece as LLVM's assembler reads them, those of the library left out."""
    kernels = Kernels(native.processor, native.plan.threads, is_fresh=True)
    scheduled(native.program, kernels)
    codes = list(kernels.new.values())
    heads = [f"; kernel_{i}: {code.key[:HEAD]}" for i, code in enumerate(codes)]
    return "\n".join([*heads, text_of(codes)])


def assembly_text(native: Native) -> str:
    """The kernels of a piece as the processor runs them."""
    return assembly(llvm_text(native), native.processor)


class Count:
    """Counts kernels by where they came from, from its making on; final."""

    def __init__(self) -> None:
        self.before = set(known_kernels())

    def text(self, natives: Iterable[Native]) -> str:
        """``3 compiled, 1 from disk, 2 of the library``."""
        found: dict[str, KernelCode] = {}
        for native in natives:
            found.update((call.code.key, call.code) for call in native.plan.calls)
        origins = [self.origin(code) for code in found.values()]
        kinds = ("compiled", "from disk", "known before", "of the library")
        counts = {kind: origins.count(kind) for kind in kinds}
        return ", ".join(f"{n} {kind}" for kind, n in counts.items() if n) or "none"

    def origin(self, code: KernelCode) -> str:
        if code.engine is None:
            return "of the library"
        if code in self.before:
            return "known before"
        return "from disk" if code.engine.from_disk else "compiled"


def call_lines(native: Native, calls: Iterable[str]) -> list[str]:
    """The calls in order: what each is for, about how many operations, whether threads share it."""
    rows = [
        (str(i), f"{call.cost:,.0f} operations", sharing(call).name.lower(), text)
        for i, (call, text) in enumerate(zip(native.plan.calls, calls, strict=True))
    ]
    return aligned(rows, right=(0, 1))
