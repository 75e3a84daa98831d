"""Object code for tests: small modules, how often they were compiled, tables of instructions."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from graphnet.native.llvm.target import Compilations, NativeFunction, compilations, compile_module
from graphnet.native.runtime import thread_pool
from graphnet.native.runtime.dispatcher import WorkSharing, driver

ADD = "define i64 @add(i64 %a) {{\n  %b = add i64 %a, {}\n  ret i64 %b\n}}"


def added(number: int) -> int:
    """What code that was compiled or found makes of 1."""
    engine = compile_module(ADD.format(number))
    result: int = NativeFunction(engine, "add", ctypes.c_int64, result=ctypes.c_int64)(1)
    return result


def counts() -> tuple[int, int]:
    now = compilations()
    return now.compiled, now.loaded


def since(before: Compilations) -> tuple[int, int]:
    return counts()[0] - before.compiled, counts()[1] - before.loaded


def only_file(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


posix = pytest.mark.skipif(os.name != "posix", reason="owners and modes are a matter of POSIX")


as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away"
)


def instruction(
    address: int,
    sharing: WorkSharing,
    pointers: Sequence[tuple[int, int]],
    arguments: Sequence[int],
) -> list[int]:
    pairs = [word for pair in pointers for word in pair]
    words = [address, sharing, len(pointers), len(arguments), *pairs, *arguments]
    return [len(words) + 1, *words]


def drive_table(words: list[int], arrays: list[np.ndarray], threads: int) -> None:
    table = np.array(words, np.int64)
    bases = np.array([array.ctypes.data for array in arrays], np.uintp)
    thread_pool.wake(threads - 1)
    driver()(table.ctypes.data, len(table), bases.ctypes.data, threads)
