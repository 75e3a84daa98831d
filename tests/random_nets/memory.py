"""Random nets in checked memory: what nobody may read is full of NaN, and nobody may write to it."""

from __future__ import annotations

import numpy as np

from graphnet.ir import run_program
from graphnet.native import optimised
from graphnet.native.debug.memory_sanitizer import checked_run
from graphnet.native.scheduling.support import reason_not_native
from tests.random_nets.compare import difference, made
from tests.random_nets.passes import tasks_of
from tests.support.notices import notices_ignored

THREADS = 3


def memory_differences(code: str) -> list[str]:
    """What the programs of a net do wrong in such memory; those that are native throughout."""
    wrong = []
    with notices_ignored(), np.errstate(all="ignore"):
        for name, program, arrays in tasks_of(made(code)):
            rewritten = optimised(program)
            if any(map(reason_not_native, rewritten.equations)):
                continue
            results = checked_run(rewritten, [np.asarray(a) for a in arrays], threads=THREADS)
            for i, (found, expected) in enumerate(
                zip(results, run_program(program, arrays), strict=True)
            ):
                if text := difference(found, np.asarray(expected)):
                    wrong.append(f"memory: output {i} of {name} {text}")
    return wrong
