"""How long compiling takes: ours, torch.compile and JAX, each case in a process of its own.

The time of compiling is that from the end of the imports to the end of the first training step
(building, tracing, differentiating, compiling, running), less the time of a later one on new
memory. Each figure is the median of as many processes as --repeats says; a graph of 10,000 nodes
has one.

  lstm      a training step of an LSTM: 10 steps and 10,000 steps, no cache on disk
  cached    the same in a second process, whose cache on disk a first one has filled
  renewed   on a compiled net: a new number of steps, a new batch, and what LLVM compiled for it
  chains    chains of 100, 1,000 and 10,000 nodes, forward and backward: the loops of a chain repeat
            themselves, so nearly all of the time goes to what is done for each node
  graphs    random graphs of as many nodes, in which nearly every loop differs from all others
  torch     torch.compile of the composed LSTM at 10 steps (it unrolls them), its cache empty
  jax       the jitted scan at 10 and 10,000 steps

GRAPHNET_CACHE says where ours keeps machine code ("off": nowhere). "compiled modules" counts
what LLVM compiled up to the end of the first step, "from disk" what the cache had.

    python benchmarks/compile_time.py
    python benchmarks/compile_time.py --case lstm cached --shape 50,128,128 --repeats 5 --json
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from measuring import machine, tables
from measuring.arguments import add_json, at_least, default_threads, one_of, parser_of

CASES = ("lstm", "cached", "renewed", "chains", "graphs", "torch", "jax")
REPEATED_NODES = 1_000
"""Larger graphs are compiled once: another process takes as long again and finds the same."""
FOLDER = Path(__file__).resolve().parent
TIME_LIMIT = 900
Row = dict[str, Any]


def sizes_of(text: str) -> tuple[int, ...]:
    """Batch, inputs, hidden."""
    sizes = tuple(int(part) if part.isdigit() else 0 for part in text.split(","))
    if len(sizes) != 3 or min(sizes) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not batch,inputs,hidden: 8,128,128")
    return sizes


def child(kind: str, cache: str, **settings: Any) -> Row:
    """What a fresh process found; ``{"failed": why}`` where it did not end well."""
    environment = os.environ | {"GRAPHNET_CACHE": cache}
    command = [sys.executable, "-m", "measuring.compiling", kind, json.dumps(settings)]
    try:
        done = subprocess.run(
            command,
            cwd=FOLDER,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=TIME_LIMIT,
        )
    except subprocess.TimeoutExpired:
        return {"failed": f"no end after {TIME_LIMIT} s"}
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or ["no word"])[-1]}
    found: Row = json.loads(done.stdout.splitlines()[-1])
    return found


def repeated(label: str, kind: str, repeats: int, cache: str = "off", **settings: Any) -> Row:
    """One row: the median of each figure over the processes."""
    rows = [child(kind, cache, **settings) for _ in range(repeats)]
    failed = [row for row in rows if "failed" in row]
    if failed:
        return {"case": label, **failed[0]}
    middle = {name: median(row[name] for row in rows) for name in rows[0]
              if isinstance(rows[0][name], int | float)}  # fmt: skip
    return {"case": label, **middle, "processes": rows}


def cached(settings: Row, repeats: int) -> list[Row]:
    """A process that fills a cache on disk, and others that find it."""
    with TemporaryDirectory() as folder:
        first = repeated("LSTM, empty cache", "lstm", 1, folder, steps=10, **settings)
        second = repeated("LSTM, second process", "lstm", repeats, folder, steps=10, **settings)
        return [first, second]


def growing(kind: str, options: argparse.Namespace) -> list[Row]:
    """A kind of graph at several sizes, so that one sees what a node costs."""
    return [
        repeated(
            f"{kind} of {n:,} nodes",
            "graph",
            options.repeats if n <= REPEATED_NODES else 1,
            nodes=n,
            form=kind,
            threads=options.threads,
        )
        for n in ((20, 100) if options.quick else (100, 1_000, 10_000))
    ]


def rows_of(case: str, options: argparse.Namespace) -> list[Row]:
    batch, inputs, hidden = options.shape
    settings = {"batch": batch, "inputs": inputs, "hidden": hidden, "threads": options.threads}
    repeats = options.repeats
    lengths = (5, 50) if options.quick else (10, 10_000)
    if case == "lstm":
        return [repeated(f"LSTM, {n:,} steps", "lstm", repeats, steps=n, **settings)
                for n in lengths]  # fmt: skip
    if case == "cached":
        return cached(settings, repeats)
    if case == "renewed":
        return [repeated(f"LSTM, a new {what}", "renewed", repeats, steps=10, what=what, **settings)
                for what in ("number of steps", "batch")]  # fmt: skip
    if case in ("chains", "graphs"):
        return growing({"chains": "chain", "graphs": "random graph"}[case], options)
    if case == "torch":
        return [repeated(f"torch.compile, LSTM, {lengths[0]} steps", "torch", 1,
                         steps=lengths[0], **settings)]  # fmt: skip
    return [repeated(f"jax, LSTM, {n:,} steps", "jax", repeats, steps=n, **settings)
            for n in lengths]  # fmt: skip


def shown(row: Row) -> list[str]:
    if "failed" in row:
        return [row["case"], f"failed: {row['failed']}", "", "", "", ""]
    per_node = f"{1e6 * row['compile_seconds'] / row['nodes']:,.0f}" if "nodes" in row else ""
    seconds, step = tables.figure(row["compile_seconds"]), tables.figure(1000 * row["step_seconds"])
    return [row["case"], seconds, step,
            *[str(row.get(name, "")) for name in ("compilations", "loaded")], per_node]  # fmt: skip


def main() -> None:
    parser = parser_of(__doc__)
    add = parser.add_argument
    add("--case", nargs="+", type=one_of(CASES), default=CASES, metavar="NAME", help="all")
    add("--shape", type=sizes_of, default=(8, 128, 128), metavar="B,I,H", help="8,128,128")
    add("--repeats", type=at_least(1), default=3, metavar="N", help="processes a figure (3)")
    add("--threads", type=at_least(1), default=default_threads(), metavar="N")
    add("--quick", action="store_true", help="short sequences and small graphs, one process each")
    add_json(parser)
    options = parser.parse_args()
    options.repeats = 1 if options.quick else options.repeats
    rows = []
    for case in options.case:
        rows += rows_of(case, options)
        print(f"{case} is measured", file=sys.stderr, flush=True)
    known = machine.facts(options.threads)
    if options.json != "-":
        heads = ["case", "compiling, s", "a step, ms", "compiled modules", "from disk", "µs a node"]
        print(tables.facts_line(known) + "\n\n" + tables.markdown(heads, map(shown, rows)))
    tables.finish(options.json, known, rows)


if __name__ == "__main__":
    main()
