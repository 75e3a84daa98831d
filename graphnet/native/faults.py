"""Faults of the compiler itself: one warning names stage and node, the interpreter takes over."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from graphnet.errors import GraphnetError
from graphnet.ir.core.program import Equation
from graphnet.source import packages_of, warn_once

MISTAKES = (
    AssertionError, AttributeError, IndexError, KeyError, NameError, OverflowError, TypeError,
    UnboundLocalError, ValueError, ZeroDivisionError, ctypes.ArgumentError,
)  # fmt: skip
"""The errors of mistakes in Python code: these classes themselves. Their subclasses are graphnet's
errors; other classes are for exhausted memory."""

LIBRARIES = frozenset(("graphnet", "numpy", "llvmlite")) | sys.stdlib_module_names
"""The packages whose code runs in the compiler."""


class CompilerWarning(RuntimeWarning):
    """The compiler failed at a program, which runs in the interpreter instead."""


class CompilerError(Exception):
    """A fault of the compiler, at a stage; its cause is the error."""

    def __init__(self, stage: str) -> None:
        super().__init__(stage)
        self.stage, self.origin = stage, ""

    def locate(self, equations: Sequence[Equation]) -> None:
        """Name the first node among these equations; the first (innermost) one named is kept."""
        origins = (str(equation.origin) for equation in equations if equation.origin)
        self.origin = self.origin or next(origins, "")


def is_of_user(error: BaseException) -> bool:
    """Whether an error comes out of code of the user's: a handler of a signal, which Python calls
    between any two instructions, and when machine code returns."""
    return not packages_of(error) <= LIBRARIES


@contextmanager
def stage(name: str, equations: Sequence[Equation]) -> Iterator[None]:
    """A stage of compiling, for these equations: a fault in it says so.

    What the user can mend (an unknown processor: no error of a subclass), what memory refuses, what
    the user's own code raises, and warnings that are errors are no such faults.
    """
    try:
        yield
    except CompilerError as fault:
        fault.locate(equations)
        raise
    except (MemoryError, Warning):
        raise
    except Exception as error:
        if type(error) is GraphnetError or is_of_user(error):
            raise
        made = CompilerError(name)
        made.locate(equations)
        raise made from error


def report(fault: CompilerError) -> None:
    """Warn of a fault, once. Where warnings are errors, its context is the fault."""
    where = f"{fault.stage} (near {fault.origin})" if fault.origin else fault.stage
    cause = fault.__cause__
    what = f"{type(cause).__name__}: {cause}".removesuffix(": ")
    warn_once(
        f"the compiler failed at {where} with {what}. The net runs in the interpreter: the same "
        "results, slower. This is a fault of graphnet: please report it, with the net and this "
        "text (python -W error shows where it happened)",
        CompilerWarning,
    )


def report_run(mistake: Exception, equations: Sequence[Equation]) -> None:
    """Warn of a mistake in a run of machine code for these equations, once."""
    try:
        raise CompilerError("a run of machine code") from mistake
    except CompilerError as fault:
        fault.locate(equations)
        report(fault)
