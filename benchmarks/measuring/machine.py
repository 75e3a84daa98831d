"""The machine that a benchmark runs on: its name, its threads, and its best large product."""

from __future__ import annotations

import datetime
import os
import platform
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import threadpoolctl  # type: ignore[import-untyped]
import torch

from graphnet import nn

PACKAGES = ("graphnet", "numpy", "llvmlite", "torch", "jax")


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def use_threads(count: int) -> None:
    """Let every library use that many threads, and the process no more cores than that."""
    if hasattr(os, "sched_setaffinity") and count < cores():  # JAX has no other switch
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])
    os.environ["GRAPHNET_THREADS"] = str(count)  # so that processes started from here follow
    threadpoolctl.threadpool_limits(count)
    torch.set_num_threads(count)


def processor() -> str:
    """The processor's name, where the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def llvm_version() -> str:
    if find_spec("llvmlite") is None:
        return "not installed"
    from llvmlite import binding

    return ".".join(map(str, binding.llvm_version_info))


def facts(threads: int) -> dict[str, Any]:
    """What a reader must know to compare figures."""
    return {
        "machine": processor(),
        "cores": os.cpu_count(),
        "threads": threads,
        "date": datetime.date.today().isoformat(),
        "python": platform.python_version(),
        **{package: installed(package) for package in PACKAGES},
        "LLVM": llvm_version(),
        "GRAPHNET_CPU": os.environ.get("GRAPHNET_CPU", "host"),
    }


def started(threads: int) -> dict[str, Any]:
    """The facts of this process, which uses that many threads from now on."""
    use_threads(threads)
    return facts(threads)


class LargeProduct:
    """The best large product of the machine, GF/s: the yardstick for a share.

    ``measure`` times one product of each contender (NumPy, PyTorch, this project's compiled
    Linear); it is called between rounds, so that all see the machine in the same state.
    ``rate`` is the best contender's median.
    """

    def __init__(self, size: int = 2048, dtype: str = "float32") -> None:
        self.size = size
        random = np.random.default_rng(0)
        left, right = random.standard_normal((2, size, size)).astype(dtype)
        out = np.empty_like(left)
        torch_left, torch_right, torch_out = map(torch.from_numpy, (left, right, out.copy()))
        linear = nn.Linear(size, size, bias=False).astype(dtype).evaluate().compile()
        self._contenders: dict[str, Callable[[], object]] = {
            "numpy": lambda: np.matmul(left, right, out=out),
            "torch": lambda: torch.mm(torch_left, torch_right, out=torch_out),
            "graphnet": lambda: linear.forward(left),
        }
        self._seconds: dict[str, list[float]] = {name: [] for name in self._contenders}
        for run in self._contenders.values():
            run()

    def measure(self) -> None:
        for name, run in self._contenders.items():
            start = time.perf_counter()
            run()
            self._seconds[name].append(time.perf_counter() - start)

    @property
    def rates(self) -> dict[str, float]:
        """GF/s of each contender so far."""
        return {
            name: 2e-9 * self.size**3 / median(seconds)
            for name, seconds in self._seconds.items()
            if seconds
        }

    @property
    def rate(self) -> float:
        return max(self.rates.values(), default=float("nan"))
