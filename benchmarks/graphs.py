"""Graphs that are no sequences: a perceptron, a small graph, chains and random graphs.

Each round times this project, compiled or --way interpreted, and then the peer; a ratio is the
peer's time over ours (more is better), the median over the rounds with its quartiles. Outputs and
all gradients must agree before. Every graph runs forward and backward in float32:

  mlp           784-512-512-10 with ReLU, batch 128, loss and its gradients, without an optimiser
  small         20 modules at random (Linear, Tanh, Sigmoid, CAddTable, CMulTable) on 16 floats
  chain         Tanh and CMulTable in turn, 10,000 of them
  random-100    as small, with 100 modules
  random-1000   and with 1,000
peers:
  torch          PyTorch, eager
  torch-compile  under torch.compile, for mlp and small (compiling a large graph takes minutes)
  interpreter    our net without compile()

    python benchmarks/graphs.py
    python benchmarks/graphs.py --graph small mlp --peer torch torch-compile --rounds 40
    python benchmarks/graphs.py --graph chain --peer torch --way interpreted
    python benchmarks/graphs.py --growth    # building, tracing, running 1k, 10k, 100k nodes
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from measuring import tables
from measuring.arguments import add_timing, one_of, parser_of, rounds_of
from measuring.machine import started
from measuring.turns import by_turns, seconds
from peers import dag_steps, dags
from peers.inductor import fresh_cache
from peers.limit import COMPILE_SECONDS, TooSlow, at_most
from peers.ours import WAYS

import graphnet as gn

FLOATS = 16
GRAPHS: dict[str, Callable[[], dags.Dag]] = {
    "small": lambda: dags.random_dag(20, FLOATS, seed=1),
    "chain": lambda: dags.chain(10_000, FLOATS),
    "random-100": lambda: dags.random_dag(100, FLOATS),
    "random-1000": lambda: dags.random_dag(1_000, FLOATS),
}
NAMES = ("mlp", *GRAPHS)
PEERS = ("torch", "torch-compile", "interpreter")
COMPILED = ("mlp", "small")
INTERPRETED = "interpreted"
BATCH = 128


def sides(name: str, peer: str, way: str, quick: bool) -> tuple[dag_steps.Call, dag_steps.Call]:
    """Ours and the peer's step for a graph."""
    random = np.random.default_rng(0)
    wrap = (lambda m: torch.compile(m, dynamic=False)) if peer == "torch-compile" else None
    if name == "mlp":
        net = dags.perceptron()
        x = random.standard_normal((BATCH, dags.SIZES[0]), dtype=np.float32)
        target = random.integers(dags.SIZES[-1], size=BATCH)
        ours = dag_steps.own_training(net.compile(way != INTERPRETED), x, target, way)
        if peer == "interpreter":
            plain = net.clone().compile(False)
            return ours, dag_steps.own_training(plain, x, target, "run")
        model: Any = dags.torch_perceptron(net)
        call = wrap(model) if wrap else None
        return ours, dag_steps.torch_training(model, x, target, call)
    dag = dags.chain(100, FLOATS) if quick and name == "chain" else GRAPHS[name]()
    net = dags.build(dag).float().compile(way != INTERPRETED)
    x = random.uniform(0.5, 1.5, FLOATS).astype(np.float32)
    ours = dag_steps.own_step(net, x, way)
    if peer == "interpreter":
        return ours, dag_steps.own_step(net.clone().compile(False), x, "run")
    model = dags.TorchDag(dag, net)
    return ours, dag_steps.torch_step(model, x, wrap(model) if wrap else None)


def compare(name: str, peer: str, options: Any) -> dict[str, Any]:
    """One row of the table."""
    row: dict[str, Any] = {"graph": name, "peer": peer}
    if peer == "torch-compile":
        if name not in COMPILED:
            return row | {"skipped": f"compiled are {' and '.join(COMPILED)} alone"}
        fresh_cache()
        torch._dynamo.reset()
    ours, theirs = sides(name, peer, options.way, options.quick)
    try:
        with at_most(COMPILE_SECONDS):
            first = seconds(theirs)
            row["first_seconds"] = max(0.0, first - seconds(theirs))
    except TooSlow as reason:
        return row | {"skipped": str(reason)}
    dag_steps.require_agreement(ours, theirs)
    rounds, least = rounds_of(options)
    return row | by_turns(ours, theirs, rounds, least=least).numbers()


def report(rows: list[dict[str, Any]]) -> str:
    lines = [
        [r["graph"], r["peer"], *[tables.figure(r[n] * 1000) for n in ("ours_ms", "peer_ms")],
         tables.ratio_text(r), f"{r['first_seconds']:.1f}"]
        for r in rows
        if "ratio" in r
    ]  # fmt: skip
    heads = ["graph", "peer", "ours, µs", "peer, µs", "ratio", "the peer's first step, s"]
    skipped = [f"{r['graph']}, {r['peer']}: {r['skipped']}" for r in rows if "skipped" in r]
    return "\n\n".join([tables.markdown(heads, lines), *skipped])


# ---- growth

STAGES = ["build", "first forward", "first backward", "forward", "both", "clone", "save", "load"]


def stage_times(nodes: int, path: Path) -> list[float]:
    """Seconds for each stage of the life of a chain, in the interpreter."""
    data = np.random.default_rng(0).uniform(0.5, 1.5, FLOATS)
    dag, nets = dags.chain(nodes, FLOATS), []
    built = seconds(lambda: nets.append(dags.build(dag)))
    net = nets[0]
    stages: list[Callable[[], object]] = [
        lambda: net.forward(data),
        lambda: net.backward(data, data),
        lambda: net.forward(data),
        lambda: (net.forward(data), net.backward(data, data)),
        lambda: net.clone(),
        lambda: net.save(path),
        lambda: gn.load(path),
    ]
    return [built, *map(seconds, stages)]


def growth(sizes: tuple[int, ...]) -> None:
    """The time of each stage for chains of several sizes."""
    print("microseconds per node, interpreter:")
    print(f"{'nodes':>8}" + "".join(f"{stage:>16}" for stage in STAGES))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "chain.gn"
        stage_times(100, path)  # imports and caches
        for nodes in sizes:
            times = stage_times(nodes, path)
            print(f"{nodes:>8,}" + "".join(f"{t / nodes * 1e6:16.2f}" for t in times))


def main() -> None:
    parser = parser_of(__doc__)
    add = parser.add_argument
    add("--graph", nargs="+", type=one_of(NAMES), default=NAMES, metavar="NAME", help="all")
    add("--peer", nargs="+", type=one_of(PEERS), default=PEERS, metavar="NAME", help="all")
    ways = (*WAYS, INTERPRETED)
    add("--way", choices=ways, default=ways[0], help="how ours trains (default %(default)s)")
    add("--growth", action="store_true", help="time stages of 1k, 10k and 100k nodes instead")
    add_timing(parser, rounds=21)
    options = parser.parse_args()
    known = started(options.threads)
    if options.json != "-":
        print(tables.facts_line(known), flush=True)
    if options.growth:
        growth((100, 1_000) if options.quick else (1_000, 10_000, 100_000))
        return
    rows = [compare(name, peer, options) for name in options.graph for peer in options.peer]
    if options.json != "-":
        print(report(rows))
    tables.finish(options.json, known, rows)


if __name__ == "__main__":
    main()
