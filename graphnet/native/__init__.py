"""The compiler: an array program rewritten by passes, its scans as machine code.

Where llvmlite is not installed, everything stays with the interpreter, and one warning says so.
"""

from __future__ import annotations

import warnings
from functools import cache
from importlib.util import find_spec

from graphnet.ir.program import Program
from graphnet.native.passes import PASSES

__all__ = ["PASSES", "compiled", "is_available", "optimised"]


@cache
def is_available() -> bool:
    """Whether machine code can be made here; warns once where it cannot."""
    found = find_spec("llvmlite") is not None
    if not found:
        warnings.warn(
            "llvmlite is not installed: nets run in the interpreter (pip install llvmlite)",
            RuntimeWarning,
            stacklevel=3,
        )
    return found


def optimised(program: Program) -> Program:
    """The program after all passes; its results are the same to rounding."""
    for _, rewrite in PASSES:
        program = rewrite(program)
    return program


def compiled(program: Program) -> Program:
    """The program with its scans as machine code, made once."""
    if "compiled" not in program.memo:
        from graphnet.native.lowering import lowered

        program.memo["compiled"] = lowered(optimised(program))
    result: Program = program.memo["compiled"]
    return result
