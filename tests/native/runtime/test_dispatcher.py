"""What compiled programs run on: object code on disk, the driver, threads, the shared products."""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from graphnet.errors import GraphnetError
from graphnet.native.gemm import library
from graphnet.native.llvm import object_cache
from graphnet.native.llvm.cache_folder import opened
from graphnet.native.llvm.target import Compilations, Kernel, compilations, compile_module, host
from graphnet.native.runtime import thread_count, thread_pool
from graphnet.native.runtime.dispatcher import Sharing, driver
from tests.support.paths import ROOT

ADD = "define i64 @add(i64 %a) {{\n  %b = add i64 %a, {}\n  ret i64 %b\n}}"
CACHE = "import sys, tests.native.runtime.test_dispatcher as t; print(t.added(int(sys.argv[1])), *t.counts())"


def added(number: int) -> int:
    """What code that was compiled or found makes of 1."""
    engine = compile_module(ADD.format(number))
    result: int = Kernel(engine, "add", ctypes.c_int64, result=ctypes.c_int64)(1)
    return result


def counts() -> tuple[int, int]:
    now = compilations()
    return now.compiled, now.loaded


def since(before: Compilations) -> tuple[int, int]:
    return counts()[0] - before.compiled, counts()[1] - before.loaded


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRAPHNET_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def only_file(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def test_code_is_compiled_once(cache: Path) -> None:
    before = compilations()
    assert [added(1), added(1), added(2)] == [2, 2, 3]
    assert since(before) == (2, 1)
    assert len(list(cache.iterdir())) == 2


@pytest.mark.parametrize("optimise", [False, True])
def test_optimised_code_is_another(cache: Path, optimise: bool) -> None:
    before = compilations()
    compile_module(ADD.format(3), optimise=optimise)
    compile_module(ADD.format(3), optimise=not optimise)
    assert since(before) == (2, 0)


@pytest.mark.parametrize("length", [0, 1, 17, 18, 40, 50, 60, -1])
def test_a_truncated_file_is_replaced(cache: Path, length: int) -> None:
    added(1)
    path = only_file(cache)
    whole = path.read_bytes()
    path.write_bytes(whole[:length])
    before = compilations()
    assert added(1) == 2
    assert since(before) == (1, 0)
    assert path.read_bytes() == whole


@pytest.mark.parametrize("position", [0, 20, 60, 300, -1])
def test_a_corrupt_file_is_replaced(cache: Path, position: int) -> None:
    added(1)
    path = only_file(cache)
    whole = path.read_bytes()
    broken = bytearray(whole)
    broken[position] ^= 1
    path.write_bytes(broken)
    before = compilations()
    assert added(1) == 2
    assert since(before) == (1, 0)
    assert path.read_bytes() == whole


def test_a_foreign_file_is_replaced(cache: Path) -> None:
    added(1)
    path = only_file(cache)
    whole = path.read_bytes()
    path.rename(cache / "old")
    assert added(2) == 3
    (other,) = cache.glob("*.object")
    other.rename(path)  # whole, but the code of another module
    assert added(1) == 2
    assert path.read_bytes() == whole


def test_a_folder_in_the_place_of_a_file_does_no_harm(cache: Path) -> None:
    added(1)
    path = only_file(cache)
    path.unlink()
    path.mkdir()
    assert added(1) == 2
    assert only_file(cache) == path


@pytest.mark.parametrize("name", ["", "off"])
def test_the_cache_can_be_switched_off(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRAPHNET_CACHE", name)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    before = compilations()
    assert [added(1), added(1)] == [2, 2]
    assert since(before) == (2, 0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere other folders are usual")
def test_the_usual_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRAPHNET_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert object_cache.folder() == tmp_path / "graphnet"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert object_cache.folder() == Path.home() / ".cache" / "graphnet"


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("file", "File exists"),
        ("file/below", "Not a directory"),
        pytest.param(
            "/proc/graphnet",
            "No such file",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="a matter of Linux"),
        ),
    ],
)
def test_a_folder_that_cannot_be_written_is_told_once(
    place: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GRAPHNET_CACHE", str(tmp_path / place))
    object_cache.tell.cache_clear()
    with pytest.warns(RuntimeWarning) as told:
        assert [added(1), added(1)] == [2, 2]
    (only,) = told
    expected = (
        f"GRAPHNET_CACHE names {tmp_path / place}, where no machine code can be kept ({reason}"
    )
    assert str(only.message).startswith(expected)


def test_a_usual_folder_that_cannot_be_made_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.delenv("GRAPHNET_CACHE", raising=False)
    for name in ("XDG_CACHE_HOME", "HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "file"))
    before = compilations()
    assert [added(1), added(1)] == [2, 2]
    assert since(before) == (2, 0)


posix = pytest.mark.skipif(os.name != "posix", reason="owners and modes are a matter of POSIX")
as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away"
)


def refused(reason: str) -> None:
    """Code is neither read nor written in the folder, which is told once."""
    object_cache.tell_refused.cache_clear()
    before = compilations()
    with pytest.warns(
        RuntimeWarning, match=f"cache of machine code .* is not used, .*{reason}"
    ) as told:
        assert [added(1), added(1)] == [2, 2]
    assert len(told) == 1
    assert since(before) == (2, 0)


@posix
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o1777, 0o702])
def test_a_folder_that_others_may_write_to_is_refused(cache: Path, mode: int) -> None:
    added(1)
    whole = only_file(cache).read_bytes()
    cache.chmod(mode)
    refused(f"other users may write to it: mode {mode:o}")
    assert only_file(cache).read_bytes() == whole


@posix
@as_root
def test_a_folder_of_another_user_is_refused(cache: Path) -> None:
    """Also by root, who could use it: its owner could write there what root would run."""
    added(1)
    os.chown(cache, 12345, 12345)
    refused("it belongs to user 12345, not to user 0")


@posix
@as_root
def test_a_link_of_another_user_is_refused(cache: Path, tmp_path: Path) -> None:
    added(1)
    (tmp_path / "link").symlink_to(cache)
    os.environ["GRAPHNET_CACHE"] = str(tmp_path / "link")  # the fixture puts it back
    before = compilations()
    assert added(1) == 2
    assert since(before) == (0, 1)
    os.chown(tmp_path / "link", 12345, 12345, follow_symlinks=False)
    refused("it belongs to user 12345")


@posix
@pytest.mark.parametrize("mode", [0o666, 0o620])
def test_a_file_that_others_may_write_to_is_not_run(cache: Path, mode: int) -> None:
    added(1)
    path = only_file(cache)
    path.chmod(mode)
    object_cache.tell_refused.cache_clear()
    before = compilations()
    with pytest.warns(
        RuntimeWarning, match=f"other users may write to .*{path.name}: mode {mode:o}"
    ):
        assert added(1) == 2
    assert path.stat().st_mode & 0o777 == 0o600  # it was replaced
    assert added(1) == 2
    assert since(before) == (1, 1)


@posix
@as_root
def test_a_file_of_another_user_is_not_run(cache: Path) -> None:
    added(1)
    path = only_file(cache)
    os.chown(path, 12345, 12345)
    object_cache.tell_refused.cache_clear()
    before = compilations()
    with pytest.warns(RuntimeWarning, match="belongs to user 12345"):
        assert added(1) == 2
    assert since(before) == (1, 0)
    assert path.stat().st_uid == 0


@posix
@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_what_is_no_file_is_not_read(cache: Path, tmp_path: Path, kind: str) -> None:
    added(1)
    path = only_file(cache)
    whole = path.read_bytes()
    path.rename(tmp_path / "elsewhere")
    if kind == "link":
        path.symlink_to(tmp_path / "elsewhere")
    else:
        os.mkfifo(path, 0o600)
    object_cache.tell_refused.cache_clear()
    before = compilations()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*is no file")
        assert added(1) == 2
    assert since(before) == (1, 0)
    assert not path.is_symlink()
    assert path.read_bytes() == whole


def test_code_made_by_other_sources_is_not_used(tmp_path: Path) -> None:
    """Sources in folders inside the compiler's count, too."""
    from graphnet.native.llvm import build

    for folder in ("one", "two", "three"):
        (tmp_path / folder / "inside").mkdir(parents=True)
        (tmp_path / folder / "top.py").write_text("a = 1")
    (tmp_path / "one" / "inside" / "code.py").write_text("b = 1")
    (tmp_path / "two" / "inside" / "code.py").write_text("b = 2")
    digests = {build.source_digest(tmp_path / folder) for folder in ("one", "two", "three")}
    assert len(digests) == 3


def test_the_folder_is_bounded(cache: Path) -> None:
    cache.mkdir()
    (cache / "mine").write_bytes(bytes(1000))
    keys = [object_cache.key(str(number)) for number in range(5)]
    for age, key in enumerate(keys):
        object_cache.keep(key, bytes(100))
        os.utime(cache / f"{key}.object", (age, age))
    assert object_cache.found(keys[0]) == bytes(100)  # used just now
    size = (cache / f"{keys[0]}.object").stat().st_size
    with opened(cache) as own:
        object_cache.make_room(own, 2 * size)
    left = {path.name for path in cache.iterdir()}
    assert left == {"mine", f"{keys[0]}.object", f"{keys[4]}.object"}


def test_keys_tell_parts_apart() -> None:
    assert object_cache.key("ab", "c") != object_cache.key("a", "bc")


def test_two_processes_at_once(cache: Path) -> None:
    command = [sys.executable, "-c", CACHE, "7"]
    running = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [process.communicate()[0] for process in running]
    assert all(text.startswith("8 ") for text in said), said
    before = compilations()
    assert added(7) == 8
    assert since(before) == (0, 1)
    only_file(cache)


def test_a_missing_function_is_an_error_and_no_end_of_the_process() -> None:
    text = 'declare void @"no_such_function"()\ndefine void @f() {\n  call void @no_such_function()\n  ret void\n}'
    with pytest.raises(AssertionError, match="no_such_function"):
        compile_module(text)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="tells of memory on Linux")
def test_dropped_code_frees_its_memory() -> None:
    def resident() -> int:
        gc.collect()
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    def many() -> None:
        for _ in range(150):
            added(1)

    many()
    before = resident()
    many()
    assert resident() - before < 2**20  # it was 60 KiB for each before the passes were freed


# The driver

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


def instruction(
    address: int, sharing: Sharing, pointers: Sequence[tuple[int, int]], arguments: Sequence[int]
) -> list[int]:
    pairs = [word for pair in pointers for word in pair]
    words = [address, sharing, len(pointers), len(arguments), *pairs, *arguments]
    return [len(words) + 1, *words]


def drive_table(words: list[int], arrays: list[np.ndarray], threads: int) -> None:
    table = np.array(words, np.int64)
    bases = np.array([array.ctypes.data for array in arrays], np.uintp)
    thread_pool.wake(threads - 1)
    driver()(table.ctypes.data, len(table), bases.ctypes.data, threads)


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
        words += instruction(grow, Sharing.SHARED, [(0, 8), (1, 0)], [2 * step])
        words += instruction(grow, Sharing.SHARED, [(1, 0), (0, 8)], [2 * step + 1])
        words += 2 * instruction(total, Sharing.ALONE, [(0, 8)], [threads])
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
        instruction(kernels.address("nulls"), Sharing.ALONE, [(-1, 24), (0, 16)], [5, 7]),
        [cells],
        1,
    )
    assert cells.tolist() == [0, 0, 7, 0]


# The team


def meet(kernels: Any, count: int) -> bool:
    """Whether so many shares ever ran at once. A run waits for nobody, so it takes some runs."""
    words = instruction(kernels.address("meet"), Sharing.SHARED, [(0, 0)], [count, 10**8])
    for _ in range(50):
        cells = np.zeros(2, np.int64)
        drive_table(words, [cells], count)
        if cells[1] == count:
            return True
    return False


def team(kernels: Any, threads: int) -> int:
    """The number of threads that a kernel may have which leads a team."""
    cells = np.zeros(1, np.int64)
    drive_table(instruction(kernels.address("team"), Sharing.LED, [(0, 0)], []), [cells], threads)
    return int(cells[0])


def test_shares_run_at_once(kernels: Any) -> None:
    for count in (1, 2, 4, 3, 2):
        assert meet(kernels, count)


def test_workers_that_sleep_are_woken(kernels: Any) -> None:
    for _ in range(3):
        assert meet(kernels, 3)
        while not all(worker.sleeps for worker in thread_pool._workers):
            pass


@pytest.mark.parametrize("threads", [2, 4])
def test_who_leads_waits_for_no_worker(kernels: Any, threads: int) -> None:
    code = (
        "import numpy as np; from tests.native.runtime.test_dispatcher import *;"
        "code = compile_module(STEPS);"
        "words = 3 * instruction(code.address('grow'), Sharing.SHARED, [(0, 0), (0, 64)], [1]);"
        "thread_pool.wake = lambda count: None; cells = np.arange(16);"
        f"drive_table(words, [cells], {threads}); print(*cells[8:{8 + threads}], thread_pool._workers)"
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
    words = instruction(kernels.address("meet"), Sharing.SHARED, [(0, 0)], [9, 10**11])
    other = threading.Thread(target=drive_table, args=(words, [cells], 2))
    other.start()
    while cells[0] < 1:
        pass
    yield
    cells[0] = 9
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
        "words = instruction(code.address('meet'), Sharing.SHARED, [(0, 0)], [9, 10**12]);"
        "arguments = (words, [cells], 3); print(meet(code, 3), flush=True);"
        "threading.Thread(target=drive_table, args=arguments, daemon=True).start()\n"
        "while cells[0] < 1: pass"
    )
    assert printed_by(code) == "True\n"


def test_the_number_of_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread_count, "_chosen", None)
    monkeypatch.delenv("GRAPHNET_THREADS", raising=False)
    assert 1 <= thread_count.threads() <= (os.cpu_count() or 1)
    monkeypatch.setenv("GRAPHNET_THREADS", "3")
    assert thread_count.threads() == 3
    thread_count.set_threads(2)
    assert thread_count.threads() == 2
    file = tmp_path / "cpu.max"
    for content, count in (("150000 100000", 2), ("max 100000", 1 << 30), ("", 1 << 30)):
        file.write_text(content)
        assert thread_count.quota(file) == count


@pytest.mark.parametrize("wrong", ["0", "-1", "two", "1.5", "100000"])
def test_wrong_numbers_of_threads(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread_count, "_chosen", None)
    monkeypatch.setenv("GRAPHNET_THREADS", wrong)
    with pytest.raises(GraphnetError, match="GRAPHNET_THREADS asks for"):
        thread_count.threads()


# The library

SHAPES = [
    (0, 5, 3), (5, 0, 3), (5, 3, 0), (1, 1, 1), (1, 97, 13), (7, 31, 5), (13, 32, 64),
    (29, 101, 67), (53, 17, 301), (211, 129, 37), (300, 11, 5),
]  # fmt: skip


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("transposed", [False, True])
def test_products_have_the_same_bits_on_any_number_of_threads(bits: int, transposed: bool) -> None:
    tile, dtype = library.tile_of(host(), bits), np.dtype(f"f{bits // 8}")
    product, pack = (
        library.address(library.kernel_name(name, tile, transposed), host())
        for name in ("product", "pack")
    )
    rng = np.random.default_rng(bits)
    for (m, n, k), begin in ((shape, begin) for shape in SHAPES for begin in (-1, 2, 3)):
        a = rng.standard_normal((k, m) if transposed else (m, k)).astype(dtype)
        b = rng.standard_normal((n, k) if transposed else (k, n)).astype(dtype)
        initial, bias = (rng.standard_normal(s).astype(dtype) for s in ((m, n), n))
        results = []
        for threads in (1, 2, 4):
            packed = np.zeros(tile.packed_size(k, n), dtype)
            c = initial.copy()
            strides = [a.shape[1], n, {-1: 99, 2: n, 3: 0}[begin]]
            pointers = [(0, 0), (2, 0), (3, 0), (begin + 1 if begin >= 0 else -1, 0)]
            words = instruction(pack, Sharing.SHARED, [(1, 0), (2, 0)], [k, n, b.shape[1], k, 0])
            words += instruction(product, Sharing.SHARED, pointers, [m, n, k, *strides])
            drive_table(words, [a, b, packed, c, bias], threads)
            results.append(c)
        wide = (a.T if transposed else a).astype(float) @ (b.T if transposed else b)
        expected = {-1: 0.0, 2: initial, 3: bias}[begin] + wide
        np.testing.assert_allclose(results[0], expected, atol=(k + 9) * np.finfo(dtype).eps * 30)
        for other in results[1:]:
            assert results[0].tobytes() == other.tobytes()


def test_other_modules_call_the_library() -> None:
    from llvmlite import ir

    from graphnet.native.llvm.ir_helpers import INDEX, POINTER, begin

    tile = library.tile_of(host(), 64)
    library.ensure(host(), 64)
    module = ir.Module()
    types = [("sizes", INDEX), *[(name, POINTER) for name in ("a", "b", "packed", "c")]]
    _, builder = begin(module, "square", types, inner=False)
    size, a, b, packed, c = builder.function.args
    null, zero = ir.Constant(POINTER, None), ir.Constant(INDEX, 0)
    builder.call(library.declare_pack(module, tile), [size, size, b, size, packed, size, zero])
    product = library.declare_product(module, tile)
    assert library.declare_product(module, tile) is product
    builder.call(product, [size, size, size, a, size, packed, c, size, null, zero])
    builder.ret_void()
    kernel = Kernel(compile_module(str(module)), "square", ctypes.c_int64, *[ctypes.c_void_p] * 4)
    x, y = np.random.default_rng(0).standard_normal((2, 19, 19))
    room, z = np.zeros(tile.packed_size(19, 19)), np.zeros((19, 19))
    kernel(19, *(array.ctypes.data for array in (x, y, room, z)))
    np.testing.assert_allclose(z, x @ y, atol=1e-12)


def test_the_library_is_found_on_disk(cache: Path) -> None:
    before = compilations()
    for _ in range(2):
        library.made(host(), 32)
    assert since(before) == (1, 1)
