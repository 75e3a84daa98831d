"""Compiled nets in hard places: threads, fork, spawn, Ctrl-C, dropped programs, other processors."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.ir import Program, interpreter, scan, trace
from graphnet.ir.core.types import ArrayType
from tests.support.notices import notices_ignored
from tests.support.paths import ROOT
from tests.support.processes import python

pytest.importorskip("llvmlite")

from graphnet.native import compiled
from graphnet.native.codegen import kernel_cache
from tests.support.processors import LESSER

# ---- programs that come and go


def small_program(number: int) -> tuple[Program, list[np.ndarray]]:
    """A program like no other: a constant of its own, in a sequence."""

    def function(start: Any, xs: Any) -> Any:
        def step(carry: Any, slices: Any) -> Any:
            h = np.tanh(carry[0] * (1 + number / 8) + slices[0])
            return [h], [h]

        return scan(step, [start], [xs], length=3)[1]

    size = 1 + number % 5
    arrays = [np.full(size, 0.5), np.linspace(-1, 1, 3 * size).reshape(3, size)]
    types = [ArrayType(array.shape, array.dtype) for array in arrays]
    return trace(function, *types), arrays


def run_small(number: int) -> weakref.ref[Any]:
    """Compile, run, check and drop; a reference to what was made of the program."""
    program, arrays = small_program(number)
    made = compiled(program)
    (found,), (expected,) = interpreter(made)(arrays), interpreter(program)(arrays)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    return weakref.ref(interpreter(made))


def living() -> int:
    """How many objects of LLVM and of the compiler live in this process."""
    gc.collect()
    floors = ("llvmlite", "graphnet.native")
    modules = [getattr(type(thing), "__module__", None) for thing in gc.get_objects()]
    return sum(isinstance(name, str) and name.startswith(floors) for name in modules)


def test_dropped_programs_leave_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of programs that nobody holds, the cache keeps code up to its bound, and nothing else stays."""
    monkeypatch.setattr(kernel_cache, "KEPT", 12)
    for number in range(20):
        run_small(number)
    before = living()
    references = [run_small(number) for number in range(20, 35)]
    assert living() <= before
    assert [reference() for reference in references] == [None] * 15


# ---- threads


def chain() -> gn.GModule:
    """A net with sequences and with what is none, in both types of products and sums."""
    x = gn.input()
    states = nn.SelectTable(0)(nn.Recurrent(nn.lstm_cell(6, 19))(x))
    scores = nn.LogSoftMax()(nn.Linear(19, 7)(nn.Tanh()(nn.Linear(19, 19)(states))))
    return gn.GModule(x, [scores, nn.Sum(0)(states)])


def both_ways(net: gn.GModule, xs: np.ndarray) -> list[np.ndarray]:
    run = net.run(xs)
    return [*run.outputs, run.backward([np.ones_like(output) for output in run.outputs])]


def test_eight_threads_meet_a_net_that_nobody_compiled_before() -> None:
    net = chain()
    fast = net.clone().compile()
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=(2 + n % 3, 1 + n, 6)) for n in range(8)]
    expected = [both_ways(net, xs) for xs in inputs]
    found: list[list[list[np.ndarray]]] = [[] for _ in range(8)]
    together = threading.Barrier(8)

    def work(number: int) -> None:
        together.wait()
        for _ in range(6):
            found[number].append(both_ways(fast, inputs[number]))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    with notices_ignored():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for runs, wanted in zip(found, expected, strict=True):
        assert len(runs) == 6
        for run in runs:
            for received, first, right in zip(run, runs[0], wanted, strict=True):
                np.testing.assert_array_equal(received, first)
                np.testing.assert_allclose(received, right, rtol=1e-11, atol=1e-12)


# ---- processes

PREPARED = """
import os, signal, sys, warnings
warnings.filterwarnings("ignore", message=".*runs? interpreted")
import numpy as np
import graphnet as gn
from graphnet import nn
from tests.native.runtime.test_concurrency import both_ways, chain
gn.manual_seed(3)
plain = chain()
net = plain.clone().compile()
rng = np.random.default_rng(0)
xs, other = rng.normal(size=(5, 3, 6)), rng.normal(size=(4, 70, 6))

def check(xs):
    for found, expected in zip(both_ways(net, xs), both_ways(plain, xs), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)

check(xs)
"""

FORKED = """
for _ in range(3):
    child = os.fork()
    if not child:
        code = 1
        try:
            check(xs)
            check(other)  # a shape that the parent did not run
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    check(other)
print("right")
"""

INTERRUPTED = """
slow = nn.Recurrent(nn.lstm_cell(6, 128)).compile()
long = rng.normal(size=(2000, 8, 6))
expected = slow.forward(long)[0]
for round in range(3):
    try:
        print("running", flush=True)
        while True:
            slow.forward(long)
    except KeyboardInterrupt:
        pass
    check(xs)
    check(other)
    np.testing.assert_array_equal(slow.forward(long)[0], expected)
print("right")
"""

SPAWNED = """
import multiprocessing, sys, warnings
warnings.filterwarnings("ignore", message=".*runs? interpreted")
import numpy as np
from tests.native.runtime.test_concurrency import chain, both_ways
import graphnet as gn

def work(xs):
    gn.manual_seed(3)
    return both_ways(chain().compile(), xs)

if __name__ == "__main__":
    xs = np.random.default_rng(0).normal(size=(5, 3, 6))
    here = work(xs)
    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
        for there in pool.map(work, [xs, xs, xs]):
            for left, right in zip(here, there, strict=True):
                np.testing.assert_array_equal(left, right)
    print("right")
"""


@pytest.mark.skipif("not hasattr(os, 'fork')")
@pytest.mark.parametrize("threads", ["1", "2"])
def test_forked_children_compute(threads: str) -> None:
    ignored = "import warnings; warnings.filterwarnings('ignore', category=DeprecationWarning)\n"
    printed = python(ignored + PREPARED + FORKED, GRAPHNET_THREADS=threads)
    assert printed == "right\n"


FORKED_AMID = """
import os, sys, threading
from graphnet.native.llvm import target
warnings.filterwarnings("ignore", message=".*use of fork", category=DeprecationWarning)
sys.setswitchinterval(1e-4)
xs, stop = np.ones((4, 2, 6)), threading.Event()

def compile_and_run(number):
    while not stop.is_set():
        target.compile_module(f"define void @f{number}() {{ ret void }}")
        net.forward(xs)

net.forward(xs)
threads = [threading.Thread(target=compile_and_run, args=(n,)) for n in range(3)]
for thread in threads:
    thread.start()
ended = []
for _ in range(20):
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        net.forward(xs)
        os._exit(0)
    ended.append(os.waitpid(child, 0)[1])
stop.set()
for thread in threads:
    thread.join()
print("right" if not any(ended) else ended)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_forks_amid_runs_and_compilations() -> None:
    """A child finds all locks free, and runs what is compiled."""
    assert python(PREPARED + "import signal\n" + FORKED_AMID) == "right\n"


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_pools_of_processes(method: str, tmp_path: Path) -> None:
    script = tmp_path / "pool.py"
    script.write_text(SPAWNED)
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning", str(script)]
    ran = subprocess.run(
        [*command, method], env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (0, "right\n"), ran.stderr


def test_control_c_leaves_the_net_usable() -> None:
    """Three times the signal comes while long calls of machine code follow each other."""
    command = [sys.executable, "-W", "error", "-c", PREPARED + INTERRUPTED]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        while (line := child.stdout.readline()) == "running\n":
            child.send_signal(signal.SIGINT)
        _, errors = child.communicate()
    assert (line, child.returncode) == ("right\n", 0), errors


# ---- the same bits

HASHED = """
import hashlib
big = gn.GModule(x := gn.input(), nn.Linear(301, 10)(nn.ReLU()(nn.Linear(300, 301)(x)))).compile()
sequence = nn.Recurrent(nn.lstm_cell(65, 129)).float().compile()
digest = set()
for _ in range(3):
    bits = hashlib.sha256()
    shapes = (257, 300), (9, 33, 65), (9, 1, 65), (5, 70, 6)
    for net, shape in zip((big, sequence, sequence, net), shapes):
        net.zero_grad()
        run = net.run(np.random.default_rng(5).normal(size=shape))
        outputs = run.outputs if isinstance(run.outputs, list) else [run.outputs]
        seeds = [np.ones_like(value) for value in outputs]
        back = run.backward(seeds if isinstance(run.outputs, list) else seeds[0])
        back = [b for b in (back if isinstance(back, list) else [back]) if b is not None]
        for value in [*outputs, *back, *[p.grad for p in net.parameters()]]:
            bits.update(np.ascontiguousarray(value).tobytes())
    digest.add(bits.hexdigest())
print(*digest)
"""


def test_the_same_bits_on_every_repeat_and_number_of_threads() -> None:
    printed = {python(PREPARED + HASHED, GRAPHNET_THREADS=threads) for threads in ("1", "2", "4")}
    assert len(printed) == 1
    assert len(printed.pop().split()) == 1


@pytest.mark.parametrize("cpu", LESSER)
def test_lesser_processors(cpu: str) -> None:
    code = "from tests.random_programs.campaign import compare; raise SystemExit(compare(5000, 20))"
    assert python(code, GRAPHNET_CPU=cpu).endswith("20 of 20 programs agree with the interpreter\n")
    python(PREPARED, GRAPHNET_CPU=cpu)
