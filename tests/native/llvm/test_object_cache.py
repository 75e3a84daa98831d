"""Object code on disk: found again, checked, replaced where it is damaged or foreign."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

pytest.importorskip("llvmlite")

from graphnet.native.llvm import object_cache
from graphnet.native.llvm.build import source_digest
from graphnet.native.llvm.target import compilations, compile_module
from graphnet.source import warn_once
from tests.support.object_code import ADD, added, as_root, only_file, posix, since
from tests.support.paths import ROOT

NATIVE = ROOT / "graphnet" / "native"
CACHE = "import sys, tests.support.object_code as t; print(t.added(int(sys.argv[1])), *t.counts())"


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


@posix
@pytest.mark.parametrize("mode", [0o666, 0o620])
def test_a_file_that_others_may_write_to_is_not_run(cache: Path, mode: int) -> None:
    added(1)
    path = only_file(cache)
    path.chmod(mode)
    warn_once.cache_clear()
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
    warn_once.cache_clear()
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
    warn_once.cache_clear()
    before = compilations()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*is no file")
        assert added(1) == 2
    assert since(before) == (1, 0)
    assert not path.is_symlink()
    assert path.read_bytes() == whole


def test_a_change_in_any_folder_of_the_compiler_changes_the_key(tmp_path: Path) -> None:
    """Machine code that was made by other sources is not loaded."""
    copy = tmp_path / "native"
    shutil.copytree(NATIVE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    digests = [source_digest(copy)]
    folders = sorted({path.parent for path in copy.rglob("*.py")})
    assert len(folders) >= 13
    for folder in folders:
        with (folder / "__init__.py").open("a") as file:
            file.write("# changed\n")
        digests.append(source_digest(copy))
    (copy / "codegen" / "reductions.py").rename(copy / "codegen" / "sums.py")
    digests.append(source_digest(copy))
    assert len(set(digests)) == len(digests)
    assert source_digest(tmp_path / "nowhere") is None


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
