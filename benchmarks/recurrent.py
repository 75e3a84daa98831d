"""Recurrent nets compiled by graphnet, by turns with PyTorch, torch.compile, JAX, the interpreter.

Each round times this project and then the peer, in one process, each for at least 50 ms; a ratio
is the peer's time over ours (more is better), the median over the rounds with its quartiles. A
training step is forward, and backward from a fixed gradient of the outputs to the input and to all
weights; inference is forward alone. Both sides have the same weights, and before anything is timed
outputs and every gradient must agree; where they do not, the case is refused and the exit is 1.

GF/s counts the products of the net alone, 2 flops for each multiply-add, in training three times
that, padding included. "share" is that of the best large product (2048 x 2048 x 2048) of NumPy,
PyTorch and this project, with the same threads, measured between the rounds.

peers:
  torch               torch.nn.LSTM, GRU, RNN, for the cells that these have
  torch-composed      the same cell of nn.Linear and tensor operations, in a loop over the steps
  torch-compile       the whole of that under torch.compile (given up after 180 s of compiling)
  torch-compile-cell  its cell under torch.compile, the loop in Python
  jax                 the same equations under lax.scan, jitted, with value_and_grad
  interpreter         our net without compile()
  merged              our net with the merged form of the same LSTM
cells: those of nn.CELLS, with or without "_cell":
  CELLS
shapes, as steps,batch,inputs,hidden:
SHAPES

Without arguments all reference shapes run against all peers in both modes, and the custom cells at
char-rnn and nngraph-400, and the tables of docs/performance.md are printed (hours: torch.compile
unrolls the loop, and compiles anew for each case).

    python benchmarks/recurrent.py --markdown tables.md --json all.json
    python benchmarks/recurrent.py --cell gru gru_before --shape char-rnn --peer torch-composed jax
    python benchmarks/recurrent.py --shape 35,20,200,300 --mode infer --rounds 100 --json
    python benchmarks/recurrent.py --cell lstm --layers 2 --bidirectional --lengths --peer torch
    python benchmarks/recurrent.py --memory
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from measuring import tables
from measuring.arguments import add_timing, at_least, one_of, parser_of, rounds_of
from measuring.machine import LargeProduct, started
from measuring.memory import memory_rows
from peers.all import PEERS, Settings, measured
from peers.case import SHAPES, SHORT_NAMES, Case, cell_name
from peers.ours import WAYS

from graphnet import nn

CUSTOM = [
    "lstm_cell_merged", "lstm_cell_peephole", "lstm_cell_layernorm", "lstm_cell_coupled",
    "gru_cell", "gru_cell_before", "lstm_cell_zoneout", "lstm_cell_projected",
]  # fmt: skip
VARIANTS: list[dict[str, Any]] = [{"layers": 2}, {"bidirectional": True}, {"lengths": True}]
CUSTOM_PEERS = ("torch", "torch-composed", "torch-compile", "torch-compile-cell", "jax")
MODES = ("train", "infer")
QUICK_SHAPES = {"quick": (5, 4, 6, 8)}
Work = list[tuple[Case, str]]


def shape_of(text: str) -> tuple[str, tuple[int, int, int, int]]:
    """A named shape, or one given as T,B,I,H."""
    if text in SHAPES:
        return text, SHAPES[text]
    sizes = [int(part) if part.isdigit() else 0 for part in text.split(",")]
    if len(sizes) != 4 or min(sizes) < 1:
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither steps,batch,inputs,hidden nor one of {', '.join(SHAPES)}"
        )
    return text, (sizes[0], sizes[1], sizes[2], sizes[3])


def make_parser() -> argparse.ArgumentParser:
    shapes = "\n".join(f"  {name:<14}{','.join(map(str, s))}" for name, s in SHAPES.items())
    cells = ", ".join(SHORT_NAMES)
    parser = parser_of((__doc__ or "").replace("SHAPES", shapes).replace("CELLS\n", f"{cells}\n"))
    add = parser.add_argument
    add("--cell", nargs="+", type=one_of(nn.CELLS, cell_name), metavar="NAME")
    add("--shape", nargs="+", type=shape_of, metavar="T,B,I,H|NAME", help="all, by default")
    add("--mode", choices=MODES, help="both, by default")
    add("--peer", nargs="+", type=one_of(PEERS), metavar="NAME", help="all, by default")
    add("--dtype", default="float32", choices=("float32", "float64"))
    add("--layers", type=at_least(1), default=1, metavar="N")
    add("--bidirectional", action="store_true", help="both directions")
    add("--lengths", action="store_true", help="sequences half to wholly as long as the steps")
    add("--way", choices=WAYS, default=WAYS[0], help="how ours trains (default %(default)s)")
    add("--markdown", metavar="FILE", help="where to write the tables; else they are printed")
    add("--memory", action="store_true", help="peak memory of a training step instead, MB")
    add_timing(parser, rounds=15)
    return parser


def chosen(options: argparse.Namespace) -> Work:
    """The cases that the arguments name, or all those of the tables."""
    shapes = dict(options.shape or SHAPES.items())
    if options.quick and not options.shape:
        shapes = QUICK_SHAPES
    measured = ["train"] if options.memory else list(MODES)
    modes = [options.mode] if options.mode else measured
    form = {name: getattr(options, name) for name in ("dtype", "layers", "bidirectional")}
    form |= {"lengths": options.lengths}
    peers, cells = options.peer or list(PEERS), options.cell or ["lstm_cell"]
    work = [
        (Case(cell, name, shape, mode, **form), peer)
        for cell, (name, shape), mode, peer in product(cells, shapes.items(), modes, peers)
    ]
    named = options.cell or options.shape or options.peer or options.mode
    is_plain = options.layers == 1 and not options.bidirectional and not options.lengths
    return work if named or not is_plain else work + custom(options)


def custom(options: argparse.Namespace) -> Work:
    """The cells that nobody wrote a kernel for, training."""
    shapes = {name: SHAPES[name] for name in ("char-rnn", "nngraph-400")}
    shapes = QUICK_SHAPES if options.quick else shapes
    forms: list[tuple[str, dict[str, Any]]] = [(cell, {}) for cell in CUSTOM]
    forms += [("lstm_cell", extra) for extra in VARIANTS]
    return [
        (Case(cell, name, shape, "train", options.dtype, **extra), peer)
        for (cell, extra), (name, shape), peer in product(forms, shapes.items(), CUSTOM_PEERS)
        if PEERS[peer].missing(Case(cell, name, shape, **extra)) is None
    ]


def line(row: dict[str, Any]) -> str:
    """One result, as it comes."""
    start = f"{row['cell']:<52}{row['shape']:<13}{row['mode']:<7}{row['peer']:<20}"
    reason = row.get("skipped") or row.get("refused")
    if reason:
        return f"{start}{'REFUSED: ' if 'refused' in row else 'skipped: '}{reason}"
    compiling = row.get("compile_seconds")
    end = f"  compiled in {compiling:.1f} s" if compiling else ""
    return (
        f"{start}ours {row['ours_ms']:9.3f} ms  peer {row['peer_ms']:9.3f} ms  "
        f"{row['gflops']:7.1f} GF/s  share {row['share']:4.0%}  "
        f"ratio {tables.ratio_text(row)}{end}"
    )


def table(rows: list[dict[str, Any]], cell: str, mode: str) -> str:
    """One cell in one mode: a row for each shape, a column for each peer, and geometric means."""
    chosen = [row for row in rows if row["cell"] == cell and row["mode"] == mode]
    peers = [peer for peer in PEERS if any(row["peer"] == peer for row in chosen)]
    found: dict[tuple[str, str], dict[str, Any]] = {(r["shape"], r["peer"]): r for r in chosen}
    lines = []
    for shape in dict.fromkeys(row["shape"] for row in chosen):
        timed = [row for row in chosen if row["shape"] == shape and "ratio" in row]
        timed.sort(key=lambda row: row["ours_ms"])
        ours = ["—"] * 3
        if timed:
            row = timed[len(timed) // 2]
            ours = [tables.figure(row[name]) for name in ("ours_ms", "gflops")]
            ours.append(f"{row['share']:.0%}")
        ratios = [tables.ratio_text(found.get((shape, peer), {})) for peer in peers]
        lines.append([shape, *ours, *ratios])
    means = [tables.geometric_mean_text(r for r in chosen if r["peer"] == peer) for peer in peers]
    lines.append(["geometric mean", "", "", "", *means])
    return tables.markdown(["shape", "ours, ms", "GF/s", "share", *peers], lines)


def compile_table(rows: list[dict[str, Any]]) -> str:
    lines = [
        [row["cell"], row["shape"], row["mode"], row["peer"],
         f"{row['compile_seconds']:.1f}" if "compile_seconds" in row else row["skipped"]]
        for row in rows
        if "compile_seconds" in row or "compiling" in row.get("skipped", "")
    ]  # fmt: skip
    return tables.markdown(["cell", "shape", "mode", "peer", "compile time, s"], lines)


def report(rows: list[dict[str, Any]], known: dict[str, Any]) -> str:
    """All tables as Markdown."""
    parts = [tables.facts_line(known), "Ratios: the peer's time over ours, median (quartiles)."]
    for cell, mode in dict.fromkeys((row["cell"], row["mode"]) for row in rows):
        title = {"train": "training step", "infer": "inference"}[mode]
        parts += [f"### {cell}, {title}", table(rows, cell, mode)]
    return "\n\n".join([*parts, "### Compile times of the peers", compile_table(rows)])


def run(work: Work, options: argparse.Namespace, show: Any) -> list[dict[str, Any]]:
    large = LargeProduct(256 if options.quick else 2048, options.dtype)
    rounds, least = rounds_of(options)
    settings = Settings(rounds, least, options.way)
    rows = []
    for case, peer in work:
        rows.append(measured(case, peer, settings, large))
        show(line(rows[-1]))
    rates = ", ".join(f"{name} {rate:.0f}" for name, rate in large.rates.items())
    show(f"large products of {large.size}, GF/s: {rates}")
    return rows


def main() -> None:
    parser = make_parser()
    options = parser.parse_args()
    known = started(options.threads)
    show = partial(print, file=sys.stderr if options.json == "-" else sys.stdout, flush=True)
    show(tables.facts_line(known))
    work = chosen(options)
    if options.memory:
        rows, text = memory_rows([case for case, _ in work], options.way, show)
    else:
        rows = run(work, options, show)
        text = tables.facts_line(known) if len(work) == 1 else report(rows, known)
    if options.markdown:
        Path(options.markdown).write_text(text + "\n", encoding="utf-8")
    elif len(work) > 1:
        show("\n" + text)
    tables.finish(options.json, known, rows)


if __name__ == "__main__":
    main()
