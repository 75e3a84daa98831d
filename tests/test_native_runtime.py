"""What compiled programs run on: object code on disk, the driver, threads, the shared products."""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from graphnet.errors import GraphnetError
from graphnet.native import library, objects, pool
from graphnet.native.driver import ABANDONED, SHARED_WORDS, drive, driver
from graphnet.native.target import Compilations, Kernel, compilations, compile_module, host

ROOT = Path(__file__).parent.parent
ADD = "define i64 @add(i64 %a) {{\n  %b = add i64 %a, {}\n  ret i64 %b\n}}"
CACHE = "import sys, tests.test_native_runtime as t; print(t.added(int(sys.argv[1])), *t.counts())"


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


@pytest.mark.parametrize("position", [0, 20, 60, -1])
def test_a_corrupt_file_is_replaced(cache: Path, position: int) -> None:
    added(1)
    path = only_file(cache)
    whole = path.read_bytes()
    broken = bytearray(whole)
    broken[position] ^= 1
    path.write_bytes(broken)
    assert added(1) == 2
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
    assert objects.folder() == tmp_path / "graphnet"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert objects.folder() == Path.home() / ".cache" / "graphnet"


def test_a_folder_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("GRAPHNET_CACHE", str(file / "below"))
    assert [added(1), added(1)] == [2, 2]


def test_the_folder_is_bounded(cache: Path) -> None:
    cache.mkdir()
    (cache / "mine").write_bytes(bytes(1000))
    keys = [objects.key(str(number)) for number in range(5)]
    for age, key in enumerate(keys):
        objects.keep(key, bytes(100))
        os.utime(cache / f"{key}.object", (age, age))
    assert objects.found(keys[0]) == bytes(100)  # used just now
    size = (cache / f"{keys[0]}.object").stat().st_size
    objects.make_room(cache, 2 * size)
    left = {path.name for path in cache.iterdir()}
    assert left == {"mine", f"{keys[0]}.object", f"{keys[4]}.object"}


def test_keys_tell_parts_apart() -> None:
    assert objects.key("ab", "c") != objects.key("a", "bc")


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


@pytest.fixture
def own_pool() -> Iterator[None]:
    """Workers of this test alone."""
    pool.renew()
    yield
    pool.renew()


def instruction(
    address: int, parallel: bool, pointers: Sequence[tuple[int, int]], arguments: Sequence[int]
) -> list[int]:
    pairs = [word for pair in pointers for word in pair]
    words = [address, int(parallel), len(pointers), len(arguments), *pairs, *arguments]
    return [len(words) + 1, *words]


def drive_table(words: list[int], arrays: list[np.ndarray], threads: int) -> None:
    table, shared = np.array(words, np.int64), np.zeros(SHARED_WORDS, np.int64)
    bases = np.array([array.ctypes.data for array in arrays], np.uintp)
    to_table, to_bases, to_shared = (a.ctypes.data for a in (table, bases, shared))

    def part(thread: int) -> None:
        drive(to_table, len(table), to_bases, thread, threads, to_shared)

    assert pool.run(threads, part, partial(shared.__setitem__, ABANDONED, 1))


def expected_cells(rounds: int, threads: int) -> list[int]:
    a = list(range(threads))
    for step in range(rounds):
        a = [(a[i] + 3 * a[(i + 1) % threads] + 2 * step) % 2**64 for i in range(threads)]
        a = [(a[i] + 3 * a[(i + 1) % threads] + 2 * step + 1) % 2**64 for i in range(threads)]
        a[0] = (sum(a) + 1) % 2**64
        a[0] = (sum(a) + 1) % 2**64
    return a


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.usefixtures("own_pool")
def test_instructions_run_in_order(kernels: Any, threads: int) -> None:
    rounds, words = 20, []
    grow, total = kernels.address("grow"), kernels.address("total")
    for step in range(rounds):
        words += instruction(grow, True, [(0, 8), (1, 0)], [2 * step])
        words += instruction(grow, True, [(1, 0), (0, 8)], [2 * step + 1])
        words += 2 * instruction(total, False, [(0, 8)], [threads])
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
        instruction(kernels.address("nulls"), False, [(-1, 24), (0, 16)], [5, 7]), [cells], 1
    )
    assert cells.tolist() == [0, 0, 7, 0]


@pytest.mark.usefixtures("own_pool")
def test_a_thread_that_does_not_come_lets_the_others_go(kernels: Any) -> None:
    cells, shared = np.zeros(8, np.int64), np.zeros(SHARED_WORDS, np.int64)
    words = 3 * instruction(kernels.address("grow"), True, [(0, 0), (0, 32)], [1])
    table, bases = np.array(words), np.array([cells.ctypes.data], np.uintp)
    run, addresses = driver(), [a.ctypes.data for a in (table, bases, shared)]

    def part(thread: int) -> None:
        if thread == 1:
            raise KeyError("thread 1")
        run(addresses[0], len(table), addresses[1], thread, 3, addresses[2])

    with pytest.raises(KeyError, match="thread 1"):
        pool.run(3, part, partial(shared.__setitem__, ABANDONED, 1))


# The pool


def seen(count: int) -> list[int]:
    threads: list[int] = []
    together = threading.Barrier(count)

    def part(thread: int) -> None:
        together.wait()
        threads.append(thread)

    assert pool.run(count, part)
    return sorted(threads)


@pytest.mark.usefixtures("own_pool")
def test_all_parts_run_at_once() -> None:
    for count in (1, 2, 4, 3, 2):
        assert seen(count) == list(range(count))


@pytest.mark.usefixtures("own_pool")
def test_busy_workers_are_not_shared() -> None:
    inner: list[bool] = []
    assert pool.run(2, lambda thread: inner.append(pool.run(2, print)) if thread == 0 else None)
    entered, release = threading.Event(), threading.Event()

    def hold(thread: int) -> None:
        entered.set()
        release.wait()

    other = threading.Thread(target=pool.run, args=(2, hold))
    other.start()
    entered.wait()
    inner.append(pool.run(2, print))
    release.set()
    other.join()
    assert inner == [False, False]
    assert seen(2) == [0, 1]


@pytest.mark.parametrize("failing", [0, 1])
@pytest.mark.usefixtures("own_pool")
def test_exceptions_are_passed_on(failing: int) -> None:
    def part(thread: int) -> None:
        if thread == failing:
            raise KeyError(f"thread {thread}")

    with pytest.raises(KeyError, match=f"thread {failing}"):
        pool.run(2, part)
    assert seen(2) == [0, 1]


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="cannot press Ctrl-C here")
@pytest.mark.usefixtures("own_pool")
def test_an_interrupted_wait_ends_when_the_workers_have_ended() -> None:
    left, finished = threading.Event(), []

    def part(thread: int) -> None:
        if thread:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            left.wait()
            finished.append(thread)

    with pytest.raises(KeyboardInterrupt):
        pool.run(2, part, left.set)
    assert finished == [1]
    assert seen(2) == [0, 1]


def in_child(results: Any) -> None:
    results.put((seen(2), added(4)))


@pytest.mark.parametrize("way", ["fork", "spawn"])
@pytest.mark.usefixtures("own_pool")
def test_child_processes(way: str) -> None:
    if way not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {way} here")
    context = multiprocessing.get_context(way)

    def started() -> tuple[list[int], int]:
        results = context.SimpleQueue()
        child = context.Process(target=in_child, args=(results,))
        with warnings.catch_warnings():  # Python 3.12 warns of threads and fork
            warnings.simplefilter("ignore", DeprecationWarning)
            child.start()
        result: tuple[list[int], int] = results.get()
        child.join()
        assert child.exitcode == 0
        return result

    answers = []
    assert pool.run(2, lambda thread: answers.append(started()) if thread == 0 else None)
    assert answers == [([0, 1], 5)]


def test_idle_and_busy_workers_do_not_keep_the_interpreter() -> None:
    code = (
        "import threading; from graphnet.native import pool; pool.run(3, print)\n"
        "threading.Thread(target=pool.run, args=(2, lambda t: threading.Event().wait()),"
        " daemon=True).start()"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert (finished.returncode, finished.stderr) == (0, "")
    assert sorted("".join(finished.stdout.split())) == ["0", "1", "2"]


def test_the_number_of_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_chosen", None)
    monkeypatch.delenv("GRAPHNET_THREADS", raising=False)
    assert 1 <= pool.threads() <= (os.cpu_count() or 1)
    monkeypatch.setenv("GRAPHNET_THREADS", "3")
    assert pool.threads() == 3
    pool.set_threads(2)
    assert pool.threads() == 2
    file = tmp_path / "cpu.max"
    for content, count in (("150000 100000", 2), ("max 100000", 1 << 30), ("", 1 << 30)):
        file.write_text(content)
        assert pool.quota(file) == count


@pytest.mark.parametrize("wrong", ["0", "-1", "two", "1.5"])
def test_wrong_numbers_of_threads(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_chosen", None)
    monkeypatch.setenv("GRAPHNET_THREADS", wrong)
    with pytest.raises(GraphnetError, match="GRAPHNET_THREADS asks for"):
        pool.threads()


# The library

SHAPES = [
    (0, 5, 3), (5, 0, 3), (5, 3, 0), (1, 1, 1), (1, 97, 13), (7, 31, 5), (13, 32, 64),
    (29, 101, 67), (53, 17, 301), (211, 129, 37), (300, 11, 5),
]  # fmt: skip


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.usefixtures("own_pool")
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
            words = instruction(pack, True, [(1, 0), (2, 0)], [k, n, b.shape[1], k])
            words += instruction(product, True, pointers, [m, n, k, *strides])
            drive_table(words, [a, b, packed, c, bias], threads)
            results.append(c)
        wide = (a.T if transposed else a).astype(float) @ (b.T if transposed else b)
        expected = {-1: 0.0, 2: initial, 3: bias}[begin] + wide
        np.testing.assert_allclose(results[0], expected, atol=(k + 9) * np.finfo(dtype).eps * 30)
        for other in results[1:]:
            assert results[0].tobytes() == other.tobytes()


def test_other_modules_call_the_library() -> None:
    from llvmlite import ir

    from graphnet.native.tile import INDEX, POINTER, begin

    tile = library.tile_of(host(), 64)
    library.ensure(host(), 64)
    module = ir.Module()
    types = [("sizes", INDEX), *[(name, POINTER) for name in ("a", "b", "packed", "c")]]
    _, builder = begin(module, "square", types, inner=False)
    size, a, b, packed, c = builder.function.args
    builder.call(library.declare_pack(module, tile), [size, size, b, size, packed])
    null, zero = ir.Constant(POINTER, None), ir.Constant(INDEX, 0)
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
