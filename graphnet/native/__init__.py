"""The compiler: an array program rewritten by passes, and made into one call of machine code.

Where llvmlite is not installed, everything runs interpreted, and one warning says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from graphnet.ir.core.program import Program
from graphnet.ir.core.types import NDArray
from graphnet.native.faults import CompilerError, CompilerWarning, report, stage
from graphnet.native.passes import PASSES
from graphnet.native.runtime.arena_pool import is_of_run
from graphnet.source import warn_once

if TYPE_CHECKING:
    from graphnet.native.execution.live import LiveProgram

__all__ = [
    "PASSES",
    "CompilerWarning",
    "compiled",
    "is_available",
    "is_of_run",
    "live_program",
    "optimised",
]


@cache
def is_available(notify: bool = False) -> bool:
    """Whether machine code can be made here; with ``notify``, warns once where it cannot."""
    found = find_spec("llvmlite") is not None
    if notify and not found:
        text = "llvmlite is not installed: nets run in the interpreter (pip install llvmlite)"
        warn_once(text, RuntimeWarning)
    return found


def optimised(program: Program) -> Program:
    """The program after all passes; its results are the same to rounding."""
    for name, rewrite in PASSES:
        with stage(f"the pass {name!r}", program.equations):
            program = rewrite(program)
    return program


def compiled(program: Program) -> Program:
    """The program as machine code where it has native rules, made once.

    A fault of the compiler is reported, and the program is returned as it is.
    """
    if "compiled" not in program.memo:
        from graphnet.native.execution.native_pieces import lowered

        try:
            with stage("lowering", program.equations):
                made = lowered(optimised(program))
        except CompilerError as fault:
            report(fault)
            made = program
        program.memo["compiled"] = made
    result: Program = program.memo["compiled"]
    return result


def live_program(
    program: Program, fixed: dict[int, NDArray], returning: Sequence[int]
) -> LiveProgram | None:
    """A program prepared to run again and again; None where that cannot be done here."""
    if not is_available(notify=True):
        return None
    from graphnet.native.execution.live import LiveProgram
    from graphnet.native.scheduling.support import reason_not_native

    try:
        with stage("lowering", program.equations):
            rewritten = optimised(program)
            if any(reason_not_native(equation) for equation in rewritten.equations):
                return None
            return LiveProgram(rewritten, fixed, returning)
    except CompilerError as fault:
        report(fault)
        return None
