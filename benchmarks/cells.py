"""Cells of papers: a compiled training step, by turns with torchrecurrent's layer of the cell.

Each round times this project and then the peer, in one process; a ratio is the peer's time over
ours (more is better), the median over the rounds with its quartiles. A training step is forward,
and backward from a fixed gradient of the outputs to the input and to all weights, in float32. Both
sides have the same weights, and outputs and every gradient must agree before. Cells that
torchrecurrent lacks have a loop of PyTorch's operations as the peer (the sLSTM of xLSTM).

    python benchmarks/cells.py
    python benchmarks/cells.py --cell lem_cell_previous nas_cell --rounds 31
    python benchmarks/cells.py --shape 50,1,64,64 --json cells.json
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from statistics import median
from typing import Any

from measuring import tables
from measuring.arguments import add_timing, one_of, parser_of, rounds_of
from measuring.machine import started
from measuring.turns import by_turns
from peers import ours, published_cells
from peers.case import Case, Results, differences, make_data

import graphnet as gn
from graphnet import nn

SHAPE = (50, 32, 128, 128)
QUICK = (5, 4, 8, 8)
TOLERANCE = 1e-3
"""Of the largest number of an array: some cells magnify rounding from step to step."""


def shape_of(text: str) -> tuple[int, ...]:
    """Steps, batch, inputs, hidden units."""
    sizes = tuple(int(part) if part.isdigit() else 0 for part in text.split(","))
    if len(sizes) != 4 or min(sizes) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not steps,batch,inputs,hidden")
    return sizes


def compare(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """One row of the table."""
    steps, batch, size, hidden = options.shape or (QUICK if options.quick else SHAPE)
    gn.manual_seed(0)
    cell = nn.CELLS[name](size, hidden, **published_cells.options_of(name))
    net = nn.Recurrent(cell).float().train().compile()
    data = make_data(Case(name, "", (steps, batch, size, hidden)), hidden)
    own, peer = ours.side(net, data), published_cells.side(name, net, data)
    results = own.results([])
    results.gradients = {
        key.removeprefix("layer1."): value for key, value in results.gradients.items()
    }
    wrong = differences(*without_zeros(results, peer.results([])), TOLERANCE)
    row: dict[str, Any] = {"cell": name, "shape": (steps, batch, size, hidden)}
    if wrong:
        return row | {"refused": f"the sides differ in {'; '.join(wrong[:3])}"}
    rounds, least = rounds_of(options)
    return row | by_turns(own.step, peer.step, rounds, least=least).numbers()


def without_zeros(*sides: Results) -> tuple[Results, ...]:
    """The sides without gradients that are zero but for rounding, as of the sLSTM's input bias."""
    largest = max(float(abs(g).max()) for g in sides[1].gradients.values())
    kept = [n for n, g in sides[1].gradients.items() if abs(g).max() > 1e-6 * largest]
    return tuple(
        replace(side, gradients={name: side.gradients[name] for name in kept}) for side in sides
    )


def line(row: dict[str, Any]) -> list[str]:
    times = [tables.figure(row[key]) if key in row else "—" for key in ("ours_ms", "peer_ms")]
    return [row["cell"], *times, row.get("refused") or tables.ratio_text(row)]


def report(rows: list[dict[str, Any]]) -> str:
    ratios = [row["ratio"] for row in rows if "ratio" in row]
    ordered = sorted(rows, key=lambda row: row.get("ratio", 0.0))
    table = tables.markdown(["cell", "ours, ms", "peer, ms", "ratio"], map(line, ordered))
    if not ratios:
        return table
    least, middle = tables.figure(min(ratios)), tables.figure(median(ratios))
    return f"{table}\n\n{len(ratios)} cells: median {middle}, least {least}"


def main() -> None:
    parser = parser_of(__doc__)
    add = parser.add_argument
    names = published_cells.NAMES
    add("--cell", nargs="+", type=one_of(names), default=names, metavar="NAME", help="all")
    add("--shape", type=shape_of, metavar="T,B,I,H", help=f"default {SHAPE}".replace(" ", ""))
    add_timing(parser, rounds=11)
    options = parser.parse_args()
    known = started(options.threads)
    rows = []
    for name in options.cell:
        rows.append(compare(name, options))
        if options.json != "-":
            print("  ".join(line(rows[-1])), flush=True)
    if options.json != "-":
        print("\n" + tables.facts_line(known) + "\n\n" + report(rows))
    tables.finish(options.json, known, rows)


if __name__ == "__main__":
    main()
