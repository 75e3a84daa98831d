"""Mutants of every kind of file, read one after the other: ``python tests/hostile_files.py --help``."""

from __future__ import annotations

import argparse
import multiprocessing
import random
import resource
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tqdm import tqdm

from graphnet.graph.files.save_load import read
from tests.hostile.mutants import mutant
from tests.hostile.seeds import ORIGINALS, Seed, problem_of, seeds

SECONDS = 2.0
"""Of the processor, for one file."""
MEMORY = 200 * 2**20
"""Bytes, above the size of the file."""
RICH = 6
"""How many of the first seeds are of such a kind."""
HUNDRED = 100
PATIENCE = 120.0
"""Seconds for a hundred files, after which the process that reads them hangs."""


@dataclass(frozen=True)
class Fault:
    """What went wrong with which mutant: ``--first NUMBER --count 1`` makes it again."""

    number: int
    seed: str
    problem: str

    def __str__(self) -> str:
        return f"mutant {self.number} ({self.seed}): {self.problem}"


def prepared(folder: Path) -> list[Seed]:
    """The seeds, each of which must be fine as it is."""
    found = list(seeds(folder))
    path = folder / "whole.gn"
    for seed in found:
        path.write_bytes(seed.content)
        problem = problem_of(seed, path, False)
        assert problem is None, f"{seed.name}: {problem}"
        ORIGINALS[seed.name] = read(path)
    return found


def choice(found: Sequence[Seed], rng: random.Random) -> Seed:
    """One of a kind with much in it, or of one module."""
    return rng.choice(found[:RICH] if rng.random() < 0.4 else found)


def examined(number: int, campaign: int, found: Sequence[Seed], folder: Path) -> Fault | None:
    """Make the mutant of this number, read it, and say what went wrong."""
    rng = random.Random(f"{campaign}.{number}")
    seed = choice(found, rng)
    content, resealed = mutant(seed.content, rng)
    path = folder / "mutant.gn"
    path.write_bytes(content)
    return judged(number, seed, path, resealed)


def judged(number: int, seed: Seed, path: Path, resealed: bool) -> Fault | None:
    """What went wrong as a file was read: an error of Python, time, memory, a wrong module."""
    forget_peak()
    memory, start = memory_of("VmRSS"), time.process_time()
    try:
        problem = problem_of(seed, path, resealed)
    except BaseException as error:  # also a panic of the library below
        if isinstance(error, KeyboardInterrupt):
            raise
        where = "".join(traceback.format_exception(error, limit=-3))
        problem = f"{type(error).__name__}\n{where}"
    taken, more = time.process_time() - start, memory_of("VmHWM") - memory
    if problem is None and taken > SECONDS:
        problem = f"took {taken:.1f} s of the processor"
    if problem is None and more > MEMORY + path.stat().st_size:
        problem = f"took {more / 2**20:.0f} MB of memory"
    return Fault(number, seed.name, problem) if problem else None


def memory_of(which: str) -> int:
    """The memory of this process in bytes: now (``VmRSS``), or the most since it was forgotten."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(which)).split()[1]) * 1024


def forget_peak() -> None:
    """Or else a file that takes much would hide what later ones take."""
    Path("/proc/self/clear_refs").write_text("5")


def flip(content: bytes, bit: int) -> bytes:
    """The same bytes but for one bit."""
    data = bytearray(content)
    data[bit // 8] ^= 1 << bit % 8
    return bytes(data)


def swept(folder: Path, found: Sequence[Seed]) -> Iterator[Fault | None]:
    """The faults of the sweep over every bit of some files, whose numbers are those of the bits."""
    path = folder / "flipped.gn"
    for seed in found:
        for bit in range(8 * len(seed.content)):
            path.write_bytes(flip(seed.content, bit))
            yield judged(bit, seed, path, False)


def limited() -> None:
    """Let no file have more than 4 GB of addresses: an error then says what it asked for."""
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + 2**32, resource.RLIM_INFINITY))


def read_many(first: int, last: int, seed: int, folder: str, line: Connection, at: Any) -> None:
    """In a process of its own: examine mutants and send the faults of each hundred."""
    warnings.simplefilter("error")
    found = prepared(Path(folder))
    limited()
    for start in range(first, last, HUNDRED):
        faults = []
        for number in range(start, min(start + HUNDRED, last)):
            at.value = number
            faults.append(examined(number, seed, found, Path(folder)))
        line.send(faults)
    line.send(None)


def campaign(first: int, count: int, seed: int, folder: str) -> Iterator[Fault | None]:
    """One entry for each mutant; a process that crashes or hangs is replaced by another."""
    context = multiprocessing.get_context("spawn")
    last, at = first + count, context.RawValue("q", first)
    while first < last:
        at.value = first  # of a child that ends before its first mutant too
        receiver, sender = context.Pipe(duplex=False)
        child = context.Process(target=read_many, args=(first, last, seed, folder, sender, at))
        child.start()
        sender.close()
        with suppress(EOFError):
            while receiver.poll(PATIENCE) and (faults := receiver.recv()) is not None:
                first += len(faults)
                yield from faults
        if first < last:
            child.kill()
        child.join()
        if first < last:
            yield from [None] * (at.value - first)
            yield Fault(at.value, "?", f"the process ended with {child.exitcode}, or hung")
            first = at.value + 1


def main() -> None:
    parser = argparse.ArgumentParser(prog="hostile_files.py", description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="how many mutants (default 1000)")
    parser.add_argument("--seed", type=int, default=0, help="which campaign (default 0)")
    parser.add_argument("--first", type=int, default=0, help="the number of the first mutant")
    parser.add_argument(
        "--sweep", action="store_true", help="each bit of every kind of file, flipped"
    )
    options = parser.parse_args()
    faults = 0
    with tempfile.TemporaryDirectory(
        dir="/dev/shm" if Path("/dev/shm").is_dir() else None
    ) as folder:
        if options.sweep:
            found = prepared(Path(folder))
            total = sum(8 * len(seed.content) for seed in found)
            results = swept(Path(folder), found)
        else:
            total = options.count
            results = campaign(options.first, total, options.seed, folder)
        for fault in tqdm(results, total=total, unit=" files", mininterval=1):
            if fault is not None:
                faults += 1
                tqdm.write(str(fault))
    print(f"{total:,} mutants, {faults} faults (seed {options.seed})")
    sys.exit(faults > 0)
