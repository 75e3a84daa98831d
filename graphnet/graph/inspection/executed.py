"""What runs compute with: traces, the arrays that they were given, what they keep for backward."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graphnet.graph.modules.base import BaseModule
from graphnet.graph.running.executable import Executable
from graphnet.graph.running.run import Run
from graphnet.graph.running.signature import Signature
from graphnet.graph.tracing.traced import Traced
from graphnet.ir.core.types import NDArray


@dataclass(frozen=True)
class Executed:
    """To be read only; ``residuals`` is None where backward would compute forward once more."""

    traced: Traced
    arrays: Sequence[NDArray]
    residuals: Sequence[NDArray] | None


def executed(run: Run) -> Executed:
    """The programs and arrays of one run."""
    return Executed(run._traced, run._arrays, run._residuals)


def traces_of(module: BaseModule) -> list[Traced]:
    """The traces that a module keeps, one for each kind of input; none before its first run."""
    known: dict[Signature, Executable] = vars(module).get("_executables", {})
    return [executable.traced for executable in known.values()]
