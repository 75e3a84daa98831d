"""Kills, Ctrl-C, forks, full disks, writers at once: a little of what ``tests.faults`` does at length."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType

import numpy as np
import pytest

from graphnet import forkable, nn
from graphnet.graph.values.memory import Memory, remember
from tests.faults.processes import child
from tests.support.processes import python

# What strikes in a callback of the garbage collector (hypothesis has one) is raised nowhere.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

posix = pytest.mark.skipif(os.name != "posix", reason="forks and signals are a matter of POSIX")


@posix
@pytest.mark.parametrize(
    ("campaign", "count"),
    [
        ("forks", 6),
        ("spawns", 1),
        ("kills", 3),
        ("disks", 5),
        ("writers", 20),
        ("interrupts", 30),
        ("calls", 12),
    ],
)
def test_nothing_is_lost(campaign: str, count: int) -> None:
    pytest.importorskip("llvmlite")
    code = "import sys; from tests.faults.__main__ import main; sys.exit(main())"
    said = python(code, campaign, "--count", str(count))
    assert said.endswith(f"{campaign}: {count} times, seed 0; lost: nothing\n"), said


# ---- locks


class StruckError(Exception):
    """Stands for Ctrl-C: what a handler of a signal raises."""


def strike(number: int, frame: object) -> None:
    raise StruckError


Strike = Callable[[Callable[[], object], float], None]


@pytest.fixture
def during() -> Iterator[Strike]:
    """Do something again and again, until a signal that a clock sends after so many seconds."""

    def repeat(task: Callable[[], object], seconds: float) -> None:
        try:
            signal.setitimer(signal.ITIMER_REAL, seconds, 0.2)  # again: a callback swallows one
            while True:
                task()
        except StruckError:
            pass
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    before = signal.signal(signal.SIGALRM, strike)
    yield repeat
    signal.signal(signal.SIGALRM, before)


def is_free(lock: forkable.Lock) -> bool:
    """Whether another thread gets it."""
    found: list[bool] = []

    other = threading.Thread(target=lambda: found.append(lock.is_free()))
    other.start()
    other.join()
    return found[0]


@posix
def test_a_signal_leaves_no_lock_taken(during: Strike) -> None:
    """Of 300 signals a lock in Python code, or from 3.14 on any ``with``, keeps half."""
    lock = forkable.Lock()
    count = 0

    @lock.guards
    def work() -> None:
        nonlocal count
        count += 1

    for number in range(300):
        during(work, 1e-4 + number * 1e-7)
        assert is_free(lock)
    assert count > 300


def test_what_a_lock_guards_comes_one_after_the_other() -> None:
    lock, inside, most = forkable.Lock(), [0], [0]

    @lock.guards
    def work() -> None:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        sum(range(100))
        inside[0] -= 1

    def many() -> None:
        for _ in range(3000):
            work()

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    threads = [threading.Thread(target=many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.setswitchinterval(before)
    assert (inside, most) == ([0], [1])


def test_what_a_lock_guards_may_fail() -> None:
    lock = forkable.Lock()

    @lock.guards
    def work(number: int, *, by: int) -> float:
        return number / by

    assert work(3, by=2) == 1.5
    with pytest.raises(ZeroDivisionError, match="division"):
        work(1, by=0)
    assert is_free(lock)


@posix
def test_ctrl_c_waits_for_what_makes_things() -> None:
    outer, inner = forkable.Lock(), forkable.Lock()
    done = []

    def make() -> None:
        with outer:
            with inner, outer:
                signal.raise_signal(signal.SIGINT)
                done.append("inner")
            done.append("outer")
        done.append("after")

    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        make()
    assert done == ["inner", "outer"]
    assert is_free(outer)
    assert is_free(inner)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def in_a_child(work: Callable[[], object], seconds: int = 20) -> int:
    """The status with which a forked process ends that does this."""

    def limited() -> None:
        signal.alarm(seconds)
        work()

    return os.waitpid(child(limited), 0)[1]


@posix
def test_a_child_finds_locks_free_that_other_threads_have() -> None:
    lock, has, go = forkable.Lock(), threading.Event(), threading.Event()

    @lock.guards
    def hold() -> None:
        has.set()
        go.wait()

    @lock.guards
    def work() -> None:
        pass

    other = threading.Thread(target=hold)
    other.start()
    has.wait()
    try:
        assert in_a_child(work) == 0
    finally:
        go.set()
        other.join()
    work()


@posix
def test_ctrl_c_strikes_in_a_child_that_another_thread_forked() -> None:
    """It was put off in the parent, by a thread that the child does not have."""
    lock, statuses = forkable.Lock(), []

    def check() -> None:
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

    with lock:
        other = threading.Thread(target=lambda: statuses.append(in_a_child(check)))
        other.start()
        other.join()
    assert statuses == [0]


@posix
def test_a_fork_waits_for_what_a_child_could_not_use_half_done() -> None:
    code = (
        "import os, threading, time\n"
        "from graphnet import forkable\n"
        "from tests.robustness.test_faults import in_a_child\n"
        "lock, state, has = forkable.Lock(delays_forks=True), [], threading.Event()\n"
        "def work():\n"
        "    with lock:\n"
        "        state.append(1); has.set()\n"
        "        while sum(range(10**6)) and len(state) < 50: state.append(1)\n"
        "        state.clear()\n"
        "threading.Thread(target=work).start()\n"
        "has.wait()\n"
        "def check():\n"
        "    assert not state\n"
        "    with lock: pass\n"
        "print(in_a_child(check))\n"
        "with lock: print('free')\n"
    )
    assert python(code) == "0\nfree\n"


@posix
def test_forks_while_other_threads_draw_random_numbers() -> None:
    """NumPy's generators have locks of their own, which no child could free."""
    stop, dropout = threading.Event(), nn.Dropout(0.5)
    xs = np.ones(100_000)

    def draw() -> None:
        while not stop.is_set():
            nn.Linear(300, 300)
            dropout.forward(xs)

    def work() -> None:
        signal.alarm(20)
        nn.Linear(300, 300)
        dropout.forward(xs)

    threads = [threading.Thread(target=draw) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        statuses = [os.waitpid(child(work), 0)[1] for _ in range(20)]
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert statuses == [0] * 20


@posix
def test_ctrl_c_while_a_fork_waits_strikes_after_it() -> None:
    """In parent and child: what a hook of a fork raises, Python drops."""
    code = (
        "import os, signal, threading\n"
        "from graphnet import forkable\n"
        "lock, has = forkable.Lock(delays_forks=True), threading.Event()\n"
        "def work():\n"
        "    with lock:\n"
        "        has.set()\n"
        "        threading.Event().wait(0.3)\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "        threading.Event().wait(0.3)\n"
        "threading.Thread(target=work).start()\n"
        "has.wait()\n"
        "parent = os.getpid()\n"
        "try:\n"
        "    os.fork()\n"
        "except KeyboardInterrupt:\n"
        "    with lock: pass\n"
        "    if os.getpid() != parent: os._exit(5)\n"
        "    print(os.waitstatus_to_exitcode(os.wait()[1]))\n"
    )
    assert python(code) == "5\n"


def test_ctrl_c_in_a_finaliser_strikes_after_it() -> None:
    class Ended:
        def __del__(self) -> None:
            with forkable.Delayed(in_hook=True) as delayed:
                signal.raise_signal(signal.SIGINT)
            _ = [*delayed.strikes()]

    with pytest.raises(KeyboardInterrupt):  # noqa: PT012 (no call but these)
        ended = Ended()
        del ended
        threading.get_ident()


@posix
def test_a_killed_child_leaves_the_bars_of_its_parent_alone() -> None:
    """tqdm's own lock is one for a process and all that were forked from it."""
    from graphnet.train.reports.progress import Bar, Progress

    Progress(False)
    number = child(lambda: (Bar.get_lock().acquire(), os.kill(os.getpid(), signal.SIGKILL)))
    assert os.waitpid(number, 0)[1] == signal.SIGKILL
    made: list[Progress] = []
    other = threading.Thread(target=lambda: made.append(Progress(False)), daemon=True)
    other.start()
    other.join(20)
    assert len(made) == 1
    with Bar.get_lock():  # and a child finds it free
        status: list[int] = []
        forking = threading.Thread(
            target=lambda: status.append(in_a_child(lambda: Progress(False)))
        )
        forking.start()
        forking.join()
    assert status == [0]


# ---- all or nothing


@posix
def test_ctrl_c_leaves_all_states_of_a_run_or_none(during: Strike) -> None:
    memories = {Memory(): number for number in range(20)}
    run = 0

    def leave() -> None:
        nonlocal run
        run += 1
        remember(memories, [np.full(1, run)] * 20)

    for number in range(200):
        during(leave, 1e-4 + number * 1e-6)
        assert len({int(m.data[0]) for m in memories if m.data is not None}) <= 1


@posix
def test_ctrl_c_leaves_the_gradients_of_whole_runs(during: Strike) -> None:
    """Every parameter got as many."""
    net = nn.Sequential(*[nn.Linear(1, 1) for _ in range(12)])
    x = np.ones((1, 1))
    for parameter in net.parameters():
        parameter[...] = 1.0 if parameter.ndim == 2 else 0.0
    run = net.run(x)
    found = set()

    for number in range(100):
        net.zero_grad()
        during(lambda: run.backward(np.ones((1, 1))), 2e-4 + number * 1e-5)
        (times,) = {float(parameter.grad.sum()) for parameter in net.parameters()}
        found.add(times)
    assert len(found) > 1


@posix
def test_ctrl_c_in_a_trace_leaves_no_trace_behind(during: Strike) -> None:
    import gc

    from graphnet.graph.values.context import current_tracing
    from graphnet.ir.core.builder import current_builder, current_origin

    net = nn.Sequential(*[nn.Linear(2, 2) for _ in range(10)])

    for number in range(200):
        during(lambda: net.clone().forward(np.ones((1, 2))), 1e-4 + number * 2e-5)
        assert gc.isenabled()
        assert [v.get() for v in (current_tracing, current_builder, current_origin)] == [None] * 3


def test_ctrl_c_where_blocks_end_leaves_no_trace_behind() -> None:
    """At the beginning of each function of Python that ends a block."""
    from graphnet.graph.values.context import current_tracing
    from graphnet.ir.core.builder import current_builder, current_origin

    net = nn.Sequential(*[nn.Sequential(nn.Linear(2, 2), nn.Tanh()) for _ in range(4)])
    places = at = 0

    def look(frame: FrameType, event: str, argument: object) -> None:
        nonlocal places
        if event == "call" and frame.f_code.co_name == "__exit__":
            places += 1
            if places == at:
                raise StruckError

    struck = 0
    for number in range(1, 30):
        places, at = 0, number
        try:
            sys.setprofile(look)
            net.clone().run(np.ones((1, 2))).backward(np.ones((1, 2)))
        except StruckError:
            struck += 1
        finally:
            sys.setprofile(None)
        assert [v.get() for v in (current_tracing, current_builder, current_origin)] == [None] * 3
    assert struck > 8
