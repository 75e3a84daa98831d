"""Random array programs, compiled and compared with the interpreter: ``native_programs.py --help``."""

from __future__ import annotations

import argparse
import gc
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))  # the root, so that tests is a package

from graphnet.ir import Program, differentiate, interpreter, run_program
from graphnet.ir.core.builder import building
from graphnet.native import CompilerWarning, compiled
from tests.native_drafts import Draft
from tests.native_operations import OPERATIONS, doubled, sequence
from tests.native_slack import differences, tolerances

ROOT = Path(__file__).parents[1]


def python(code: str, *arguments: str, **environment: str) -> str:
    """What a Python program prints; it must end well, and no warning may pass."""
    command = [sys.executable, "-W", "error", "-c", code, *arguments]
    ran = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@contextmanager
def notices_ignored() -> Iterator[None]:
    """Without the notice of what stays with the interpreter, for tests of results alone.

    Faults of the compiler are errors, since the results would be those of the interpreter.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*stays? with the interpreter")
        warnings.simplefilter("error", CompilerWarning)
        yield


def run_compiled(program: Program, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    with notices_ignored():
        return interpreter(compiled(program))(arrays)


def random_program(seed: int) -> tuple[Program, list[np.ndarray]]:
    """A checked program and arrays for its inputs; the same for the same seed."""
    rng = np.random.default_rng(seed)
    draft = Draft(rng, [*OPERATIONS, sequence, sequence, doubled])
    with building(draft.builder):
        for _ in range(rng.integers(3, 16)):
            draft.grow()
        made = draft.pool[-8:]
        count = int(rng.integers(1, 6))
        outputs = [made[i] for i in rng.integers(len(made), size=count)]
    program = draft.builder.program([known.array.atom for known in outputs])
    program.check()
    return program, draft.arrays


def gradient_program(
    program: Program, arrays: Sequence[np.ndarray], seed: int
) -> tuple[Program, list[np.ndarray]]:
    """The backward program and arrays for its inputs: residuals, and random seeds."""
    wanted = [var for var in program.inputs if var.type.is_float]
    derivative = differentiate(program, wanted)
    values = run_program(derivative.forward, arrays)
    backward = derivative.backward
    residuals = values[len(program.outputs) :]
    rng = np.random.default_rng(seed)
    seeds = [
        np.asarray(rng.normal(size=var.type.shape), var.type.dtype)
        for var in backward.inputs[len(residuals) :]
    ]
    return backward, [np.asarray(residual) for residual in residuals] + seeds


def is_conditioned(program: Program, arrays: Sequence[np.ndarray]) -> bool:
    """Whether rounding leaves the outputs of a program determined, to a part in a hundred."""
    return all(
        np.isfinite(error).all() and (error <= 1e-2 * np.abs(value).max(initial=1)).all()
        for value, error in tolerances(program, arrays)
    )


def faults(seed: int) -> list[str]:
    """What machine code does wrong with the random program of this seed, and with its gradient."""
    program, arrays = random_program(seed)
    found = differences(program, arrays, lambda given: run_compiled(program, given))
    if seed % 3 == 0:
        backward, operands = gradient_program(program, arrays, seed)
        if is_conditioned(backward, operands):
            wrong = differences(backward, operands, lambda given: run_compiled(backward, given))
            found += [f"gradient: {line}" for line in wrong]
    return [f"seed {seed}: {line}" for line in found]


def resident() -> int:
    """Kilobytes of memory that this process holds."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    raise RuntimeError("no VmRSS in /proc/self/status")


def compare(first: int, count: int) -> int:
    failed = 0
    for seed in range(first, first + count):
        try:
            lines = faults(seed)
        except Exception as error:
            lines = [f"seed {seed}: {type(error).__name__}: {error}"]
        failed += bool(lines)
        print(*lines, sep="\n", end="\n" if lines else "")
    print(f"{count - failed} of {count} programs agree with the interpreter")
    return 1 if failed else 0


def drop(first: int, count: int) -> int:
    """Compile, run and forget programs; memory must become level."""
    for number in range(count + 1):
        if number % max(count // 10, 1) == 0:
            gc.collect()
            print(f"{number} programs: {resident() / 1024:.0f} MiB resident", flush=True)
        if number < count:
            program, arrays = random_program(first + number)
            run_compiled(program, arrays)
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="how many programs to compare")
    parser.add_argument("--first", type=int, default=0, help="the seed of the first")
    parser.add_argument("--drop", type=int, help="compile, run and forget so many instead")
    parser.add_argument("--show", type=int, help="print the program of one seed instead")
    chosen = parser.parse_args()
    if chosen.show is not None:
        program, arrays = random_program(chosen.show)
        print(program, *(f"{a.dtype}{a.shape} strides {a.strides}" for a in arrays), sep="\n")
        return 0
    return drop(chosen.first, chosen.drop) if chosen.drop else compare(chosen.first, chosen.count)


if __name__ == "__main__":
    sys.exit(main())
