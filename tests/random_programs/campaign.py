"""Random array programs by the thousand: compared with the interpreter, or compiled and dropped."""

from __future__ import annotations

import argparse
import gc

from tests.random_programs.programs import faults, random_program, run_compiled
from tests.support.processes import resident


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
    parser = argparse.ArgumentParser(prog="native_programs.py", description=__doc__)
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
