"""One measurement of compile_time.py, in this process: prints it as JSON.

cd benchmarks && python -m measuring.compiling lstm '{"steps": 10, "batch": 8, "inputs": 128, …}'
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
from peers import ours
from peers.case import Case, make_data

from measuring.machine import use_threads
from measuring.turns import seconds

Found = dict[str, Any]


def compilations() -> Found:
    """How many modules LLVM compiled in this process and how many came from disk, if counted."""
    with suppress(ImportError):
        target = importlib.import_module("graphnet.native.llvm.target")
        if hasattr(target, "compilations"):
            count = target.compilations()
            return {"compilations": count.compiled, "loaded": count.loaded}
    return {}


def load_compiler() -> None:
    """The imports that the first compilation would do: what is measured comes after imports."""
    with suppress(ImportError):
        importlib.import_module("graphnet.native.execution.native_pieces")


def timed(make: Callable[[], Callable[[], object]]) -> Found:
    """Seconds of building and the first step, less a later one's; what LLVM compiled.

    The later one gets its memory from the system, as the first does.
    """
    before = compilations()
    start = time.perf_counter()
    step = make()
    step()
    first = time.perf_counter() - start
    found = {name: count - before[name] for name, count in compilations().items()}
    later = []
    for _ in range(3):
        forget_memory()
        later.append(seconds(step))
    warm = min(seconds(step) for _ in range(2))
    return found | {"compile_seconds": first - sorted(later)[1], "step_seconds": warm}


def forget_memory() -> None:
    with suppress(ImportError):
        importlib.import_module("graphnet.native.runtime.arena_pool").forget()


def case_of(settings: Found) -> Case:
    sizes = tuple(settings[name] for name in ("steps", "batch", "inputs", "hidden"))
    return Case("lstm_cell", "", (sizes[0], sizes[1], sizes[2], sizes[3]))


def lstm(settings: Found) -> Found:
    """Building an LSTM, and its first training step, on data that is there."""
    case = case_of(settings)
    data = make_data(case, ours.total_output_size(case))
    return timed(lambda: ours.side(ours.build(case).compile(), data).step)


def renewed(settings: Found) -> Found:
    """The first step of another length or batch, on a net that is compiled."""
    case = case_of(settings)
    net = ours.build(case).compile()
    ours.side(net, make_data(case, ours.total_output_size(case))).step()
    steps, batch, inputs, hidden = case.shape
    shape = (steps, batch + 3, inputs, hidden) if settings["what"] == "batch" else (
        steps + 7, batch, inputs, hidden)  # fmt: skip
    data = make_data(replace(case, shape=shape), hidden)
    return timed(lambda: ours.side(net, data).step)


def graph(settings: Found) -> Found:
    """The first forward and backward of a chain or a random graph."""
    from peers import dag_steps, dags

    make = {"chain": dags.chain, "random graph": dags.random_dag}[settings["form"]]
    dag = make(settings["nodes"], 16)
    x = np.random.default_rng(0).uniform(0.5, 1.5, 16).astype(np.float32)
    net = dags.build(dag).float().compile()
    found = timed(lambda: dag_steps.own_step(net, x, "run"))
    return found | {"nodes": settings["nodes"]}


def torch(settings: Found) -> Found:
    """torch.compile of the composed LSTM: forward and backward."""
    from peers import inductor, pytorch

    case = case_of(settings)
    net, data = ours.build(case), make_data(case, case.shape[-1])
    inductor.fresh_cache()
    return timed(lambda: pytorch.composed_side(case, net, data, inductor.wrap_whole).step)


def jax(settings: Found) -> Found:
    """JAX's scan: tracing and compiling ahead of time."""
    from jax import numpy
    from peers import xla

    case = case_of(settings)
    net, data = ours.build(case), make_data(case, case.shape[-1])
    numpy.zeros(1).block_until_ready()  # JAX starts
    return timed(lambda: xla.side(case, net, data).step)


KINDS: dict[str, Callable[[Found], Found]] = {
    "lstm": lstm, "renewed": renewed, "graph": graph, "torch": torch, "jax": jax,
}  # fmt: skip


def main() -> None:
    kind, settings = sys.argv[1], json.loads(sys.argv[2])
    use_threads(settings["threads"])
    load_compiler()
    print(json.dumps(KINDS[kind](settings)))


if __name__ == "__main__":
    main()
