"""This checkout by turns with another one: what a change costs, or gains.

Each checkout has a process of its own; in each round both run a case for at least 50 ms, one after
the other. The ratio is the other's time over ours (more is better), the median over the rounds with
its quartiles. Cases are the named shapes of recurrent.py (an LSTM of composed modules, training
step and inference), the graphs of graphs.py (training step), and the live step of live.py.

    git worktree add ../before HEAD~10
    python benchmarks/versions.py ../before
    python benchmarks/versions.py ../before --case train:char-rnn graph:small live --rounds 41
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SERVE = "--serve"
Step = Callable[[], object]


# ---- the process of one checkout


def step_of(name: str) -> Step:
    """What is timed, in the checkout that is first on the path."""
    import numpy as np
    from peers import ours
    from peers.case import SHAPES, Case, make_data

    import graphnet as gn
    from graphnet import nn

    kind, _, what = name.partition(":")
    if kind == "live":
        from live import own_stepper

        gn.manual_seed(0)
        cell = nn.lstm_cell(128, 128).float().evaluate()
        return own_stepper(cell, np.ones((1, 128), np.float32))[0]
    if kind == "graph":
        import graphs

        ours_step, _ = graphs.sides(what, "interpreter", "compile_step", False)
        return ours_step
    case = Case("lstm_cell", what, SHAPES[what], kind)
    data = make_data(case, ours.total_output_size(case))
    return ours.side(ours.build(case).compile(), data).step


def serve(root: str) -> None:
    """Answer orders of the other process: a case to prepare, or how many calls to time."""
    sys.path[:0] = [root, str(Path(root) / "benchmarks")]
    from measuring.machine import use_threads
    from measuring.turns import calls_for, turn

    step: Step = lambda: None  # noqa: E731
    for line in sys.stdin:
        order = json.loads(line)
        if "threads" in order:
            use_threads(order["threads"])
            answer: Any = None
        elif "case" in order:
            step = step_of(order["case"])
            answer = calls_for(step, order["least"])
        else:
            answer = turn(step, order["calls"])
        print(json.dumps(answer), flush=True)


# ---- the process that compares


class Checkout:
    """A process that runs the cases of a checkout; final."""

    def __init__(self, root: Path, threads: int) -> None:
        command = [sys.executable, str(Path(__file__).resolve()), SERVE, str(root.resolve())]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        self.ask(threads=threads)

    def ask(self, **order: Any) -> Any:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        print(json.dumps(order), file=stdin, flush=True)
        answer = stdout.readline()
        if not answer:
            raise SystemExit(f"the process of a checkout ended at {order}")
        return json.loads(answer)


def compare(case: str, sides: tuple[Checkout, Checkout], rounds: int, least: float) -> Any:
    import numpy as np
    from measuring.turns import Timing

    calls = [side.ask(case=case, least=least) for side in sides]
    times = np.empty((2, rounds))
    for index in range(rounds):
        for number in (0, 1) if index % 2 else (1, 0):
            times[number, index] = sides[number].ask(calls=calls[number])
    return {"case": case} | Timing(times[0], times[1]).numbers()


def main() -> None:
    from measuring import tables
    from measuring.arguments import add_timing, parser_of, rounds_of
    from measuring.machine import started
    from peers.case import SHAPES

    shapes = [f"{mode}:{shape}" for mode in ("train", "infer") for shape in SHAPES]
    graphs = [f"graph:{name}" for name in ("mlp", "small", "chain", "random-100", "random-1000")]
    names = [*shapes, *graphs, "live"]
    parser = parser_of(__doc__)
    parser.add_argument("other", type=Path, help="the folder of the other checkout")
    parser.add_argument("--case", nargs="+", choices=names, default=names, metavar="NAME",
                        help=f"all: {', '.join(names)}")  # fmt: skip
    add_timing(parser, rounds=31)
    options: argparse.Namespace = parser.parse_args()
    if not (options.other / "benchmarks" / "peers").is_dir():
        parser.error(f"{options.other} is no checkout of this project")
    known = started(options.threads)
    sides = tuple(Checkout(root, options.threads) for root in (HERE.parent, options.other))
    rows = []
    for case in options.case:
        row = compare(case, (sides[0], sides[1]), *rounds_of(options))
        rows.append(row)
        if options.json != "-":
            figures = [tables.figure(row[n]) for n in ("ours_ms", "peer_ms")]
            print(
                f"{case:20} {figures[0]:>8} {figures[1]:>8} ms  {tables.ratio_text(row)}",
                flush=True,
            )
    tables.finish(options.json, known, rows)


if __name__ == "__main__":
    if SERVE in sys.argv[1:2]:
        sys.path.remove(str(HERE))
        serve(sys.argv[2])
    else:
        main()
