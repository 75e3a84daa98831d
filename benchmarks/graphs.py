"""The cost of a node: chains of Tanh and CMulTable against PyTorch eager, and growth with size.

    python benchmarks/graphs.py                 # 10,000 nodes, 16 floats, float32, 2 threads
    python benchmarks/graphs.py --growth        # building, tracing and running 1k, 10k, 100k nodes

Both sides run forward and backward on the same chain, by turns in one process; the ratio is
PyTorch's time over ours (more is better), the median over the rounds with its quartiles.
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

import graphnet as gn
from graphnet import nn


def chain(nodes: int) -> gn.GModule:
    """x → Tanh → CMulTable with x → Tanh → …"""
    x = gn.input()
    h = x
    for _ in range(nodes // 2):
        h = nn.CMulTable()([nn.Tanh()(h), x])
    return gn.GModule(x, h)


def graphnet_step(nodes: int, data: np.ndarray) -> Callable[[], object]:
    net = chain(nodes)
    seed = np.ones_like(data)

    def step() -> object:
        return net.run(data).backward(seed)

    return step


def torch_step(nodes: int, data: np.ndarray) -> Callable[[], object]:
    x = torch.tensor(data, requires_grad=True)
    seed = torch.ones_like(x)

    def step() -> object:
        h = x
        for _ in range(nodes // 2):
            h = torch.tanh(h) * x
        x.grad = None
        h.backward(seed)
        return x.grad

    return step


def seconds(step: Callable[[], object]) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def compare(nodes: int, size: int, rounds: int) -> None:
    data = np.random.default_rng(0).uniform(0.5, 1.5, size).astype(np.float32)
    ours, theirs = graphnet_step(nodes, data), torch_step(nodes, data)
    for _ in range(2):  # warm up: trace here, the allocator there
        np.testing.assert_allclose(np.asarray(ours()), np.asarray(theirs()), rtol=1e-3)
    pairs = np.array([(seconds(ours), seconds(theirs)) for _ in range(rounds)])
    low, middle, high = np.quantile(pairs[:, 1] / pairs[:, 0], [0.25, 0.5, 0.75])
    per_node = np.median(pairs, axis=0) / nodes * 1e6
    print(f"{nodes:,} nodes on {size} floats, forward and backward, median of {rounds} rounds")
    print(f"  graphnet interpreter  {per_node[0]:6.2f} µs per node")
    print(f"  PyTorch eager         {per_node[1]:6.2f} µs per node")
    print(f"  ratio                 {middle:6.2f}  (quartiles {low:.2f} to {high:.2f})")


STAGES = ["build", "first forward", "first backward", "forward", "both", "clone", "save", "load"]


def stage_times(nodes: int, path: Path) -> list[float]:
    """Seconds for each stage of the life of a chain."""
    data = np.random.default_rng(0).uniform(0.5, 1.5, 16)
    start = time.perf_counter()
    net = chain(nodes)
    built = time.perf_counter() - start
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


def growth() -> None:
    """The time of each stage for chains of three sizes."""
    print("microseconds per node:")
    print(f"{'nodes':>8}" + "".join(f"{stage:>16}" for stage in STAGES))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "chain.gn"
        stage_times(100, path)  # imports and caches
        for nodes in (1_000, 10_000, 100_000):
            times = stage_times(nodes, path)
            print(f"{nodes:>8,}" + "".join(f"{t / nodes * 1e6:16.2f}" for t in times))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--nodes", type=int, default=10_000)
    parser.add_argument("--size", type=int, default=16, help="floats in each array")
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--threads", type=int, default=2, help="threads of PyTorch")
    parser.add_argument("--growth", action="store_true", help="time 1k, 10k and 100k nodes instead")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}, "
          f"PyTorch {torch.__version__}")  # fmt: skip
    if options.growth:
        growth()
    else:
        compare(options.nodes, options.size, options.rounds)


if __name__ == "__main__":
    main()
