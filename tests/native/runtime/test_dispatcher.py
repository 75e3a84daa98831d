"""The dispatcher: instructions in order, shares at once, threads that sleep and wake, child processes."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from graphnet.native.llvm.target import compile_module
from graphnet.native.runtime import thread_pool
from graphnet.native.runtime.dispatcher import WorkSharing
from tests.support.object_code import added, drive_table, instruction
from tests.support.paths import ROOT
from tests.support.waiting import wait_until

STEPS = """
define void @grow(ptr %arguments, ptr %pointers, i64 %thread, i64 %threads) {
  %cells = load ptr, ptr %pointers
  %step = load i64, ptr %arguments
  %mine = getelementptr i64, ptr %cells, i64 %thread
  %next = add i64 %thread, 1
  %around = urem i64 %next, %threads
  %other = getelementptr i64, ptr %cells, i64 %around
  %targets_at = getelementptr ptr, ptr %pointers, i64 1
  %targets = load ptr, ptr %targets_at
  %target = getelementptr i64, ptr %targets, i64 %thread
  %a = load i64, ptr %mine
  %b = load i64, ptr %other
  %c = mul i64 %b, 3
  %d = add i64 %a, %c
  %e = add i64 %d, %step
  store i64 %e, ptr %target
  ret void
}
define void @total(ptr %arguments, ptr %pointers, i64 %thread, i64 %threads) {
entry:
  %cells = load ptr, ptr %pointers
  %count = load i64, ptr %arguments
  br label %loop
loop:
  %i = phi i64 [0, %entry], [%j, %loop]
  %sum = phi i64 [%threads, %entry], [%more, %loop]
  %place = getelementptr i64, ptr %cells, i64 %i
  %value = load i64, ptr %place
  %more = add i64 %sum, %value
  %j = add i64 %i, 1
  %again = icmp slt i64 %j, %count
  br i1 %again, label %loop, label %end
end:
  store i64 %more, ptr %cells
  ret void
}
define void @team(ptr %arguments, ptr %pointers, i64 %thread, i64 %threads) {
  %target = load ptr, ptr %pointers
  store i64 %threads, ptr %target
  ret void
}
define void @meet(ptr %arguments, ptr %pointers, i64 %thread, i64 %threads) {
entry:
  %here = load ptr, ptr %pointers
  %wanted = load i64, ptr %arguments
  %most_at = getelementptr i64, ptr %arguments, i64 1
  %most = load i64, ptr %most_at
  %before = atomicrmw add ptr %here, i64 1 seq_cst
  br label %look
look:
  %looks = phi i64 [0, %entry], [%more, %look]
  %more = add i64 %looks, 1
  %now = load atomic i64, ptr %here seq_cst, align 8
  %are_here = icmp sge i64 %now, %wanted
  %is_late = icmp sgt i64 %more, %most
  %goes = or i1 %are_here, %is_late
  br i1 %goes, label %end, label %look
end:
  br i1 %are_here, label %count, label %leave
count:
  %met_at = getelementptr i64, ptr %here, i64 1
  %others = atomicrmw add ptr %met_at, i64 1 seq_cst
  br label %leave
leave:
  ret void
}
define void @nulls(ptr %arguments, ptr %pointers, i64 %thread, i64 %threads) {
  %null = load ptr, ptr %pointers
  %number = ptrtoint ptr %null to i64
  %at = getelementptr ptr, ptr %pointers, i64 1
  %target = load ptr, ptr %at
  %second = getelementptr i64, ptr %arguments, i64 1
  %argument = load i64, ptr %second
  %sum = add i64 %number, %argument
  store i64 %sum, ptr %target
  ret void
}
"""


@pytest.fixture(scope="module")
def kernels() -> Any:
    return compile_module(STEPS)


def expected_cells(rounds: int, threads: int) -> list[int]:
    a = list(range(threads))
    for step in range(rounds):
        a = [(a[i] + 3 * a[(i + 1) % threads] + 2 * step) % 2**64 for i in range(threads)]
        a = [(a[i] + 3 * a[(i + 1) % threads] + 2 * step + 1) % 2**64 for i in range(threads)]
        a[0] = (sum(a) + 1) % 2**64
        a[0] = (sum(a) + 1) % 2**64
    return a


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_instructions_run_in_order(kernels: Any, threads: int) -> None:
    rounds, words = 20, []
    grow, total = kernels.address("grow"), kernels.address("total")
    for step in range(rounds):
        words += instruction(grow, WorkSharing.SHARED, [(0, 8), (1, 0)], [2 * step])
        words += instruction(grow, WorkSharing.SHARED, [(1, 0), (0, 8)], [2 * step + 1])
        words += 2 * instruction(total, WorkSharing.ALONE, [(0, 8)], [threads])
    expected = expected_cells(rounds, threads)
    for _ in range(50):
        cells, others = np.zeros(threads + 1, np.uint64), np.zeros(threads, np.uint64)
        cells[1:] = range(threads)
        drive_table(words, [cells, others], threads)
        assert cells[1:].tolist() == expected


def test_null_pointers_and_an_empty_table(kernels: Any) -> None:
    cells = np.zeros(4, np.int64)
    drive_table([], [cells], 1)
    drive_table(
        instruction(kernels.address("nulls"), WorkSharing.ALONE, [(-1, 24), (0, 16)], [5, 7]),
        [cells],
        1,
    )
    assert cells.tolist() == [0, 0, 7, 0]


def meet(kernels: Any, count: int) -> bool:
    """Whether so many shares ever ran at once. A run waits for nobody, so it takes some runs."""
    words = instruction(kernels.address("meet"), WorkSharing.SHARED, [(0, 0)], [count, 10**8])
    for _ in range(50):
        cells = np.zeros(2, np.int64)
        drive_table(words, [cells], count)
        if cells[1] == count:
            return True
    return False


def team(kernels: Any, threads: int) -> int:
    """The number of threads that a kernel may have which leads a team."""
    cells = np.zeros(1, np.int64)
    drive_table(
        instruction(kernels.address("team"), WorkSharing.LED, [(0, 0)], []), [cells], threads
    )
    return int(cells[0])


def test_shares_run_at_once(kernels: Any) -> None:
    for count in (1, 2, 4, 3, 2):
        assert meet(kernels, count)


def test_workers_that_sleep_are_woken(kernels: Any) -> None:
    for _ in range(3):
        assert meet(kernels, 3)
        wait_until(lambda: all(worker.sleeps for worker in thread_pool.workers()))


@pytest.mark.parametrize("threads", [2, 4])
def test_who_leads_waits_for_no_worker(kernels: Any, threads: int) -> None:
    code = (
        "import numpy as np; from tests.native.runtime.test_dispatcher import *;"
        "code = compile_module(STEPS);"
        "words = 3 * instruction(code.address('grow'), WorkSharing.SHARED, [(0, 0), (0, 64)], [1]);"
        "thread_pool.wake = lambda count: None; cells = np.arange(16);"
        f"drive_table(words, [cells], {threads}); print(*cells[8:{8 + threads}], thread_pool.workers())"
    )
    expected = [(i + 3 * ((i + 1) % threads) + 1) for i in range(threads)]
    assert printed_by(code).split() == [*map(str, expected), "[]"]


def printed_by(code: str) -> str:
    finished = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert (finished.returncode, finished.stderr) == (0, "")
    return finished.stdout


@contextmanager
def a_run_that_lasts(kernels: Any) -> Iterator[None]:
    """Another thread has the board meanwhile."""
    cells = np.zeros(2, np.int64)
    words = instruction(kernels.address("meet"), WorkSharing.SHARED, [(0, 0)], [9, 10**11])
    other = threading.Thread(target=drive_table, args=(words, [cells], 2))
    other.start()
    try:
        wait_until(lambda: bool(cells[0] >= 1))
        yield
    finally:
        cells[0] = 9  # or else the other thread would go on
        other.join()
    assert cells[1] == 2


def test_a_run_beside_another_is_alone(kernels: Any) -> None:
    with a_run_that_lasts(kernels):
        assert team(kernels, 2) == 1
    assert team(kernels, 2) == 2


def in_child(results: Any) -> None:
    code = compile_module(STEPS)
    results.put((meet(code, 2), team(code, 3), added(4)))


@pytest.mark.parametrize("way", ["fork", "spawn"])
def test_child_processes(way: str, kernels: Any) -> None:
    if way not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {way} here")
    context = multiprocessing.get_context(way)
    results = context.SimpleQueue()
    child = context.Process(target=in_child, args=(results,))
    with a_run_that_lasts(kernels), warnings.catch_warnings():
        # Python 3.12 warns of threads and fork.
        warnings.simplefilter("ignore", DeprecationWarning)
        child.start()
        assert results.get() == (True, 3, 5)
        child.join()
    assert child.exitcode == 0


def test_idle_and_busy_workers_do_not_keep_the_interpreter() -> None:
    code = (
        "from tests.native.runtime.test_dispatcher import *; code = compile_module(STEPS);"
        "cells = np.zeros(2, np.int64);"
        "words = instruction(code.address('meet'), WorkSharing.SHARED, [(0, 0)], [9, 10**12]);"
        "arguments = (words, [cells], 3); print(meet(code, 3), flush=True);"
        "threading.Thread(target=drive_table, args=arguments, daemon=True).start()\n"
        "wait_until(lambda: cells[0] >= 1)"
    )
    assert printed_by(code) == "True\n"
