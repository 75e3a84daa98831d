"""What runs compute with: traces, the arrays that they were given, what they keep for backward."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graphnet.graph.running.executable import Executable
from graphnet.graph.running.executables import Executables
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


def executables_of(owner: object) -> dict[Signature, Executable]:
    """What a module or a training step keeps, by signature; empty before its first run."""
    known: Executables | None = vars(owner).get("_executables")
    return known.by_signature() if known is not None else {}


def traces_of(owner: object) -> list[Traced]:
    """The traces of a module or a training step, one for each signature."""
    return [executable.traced for executable in executables_of(owner).values()]
