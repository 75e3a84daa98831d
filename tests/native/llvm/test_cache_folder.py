"""The folder of object code: where it lies, who may write to it, how large it becomes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

pytest.importorskip("llvmlite")

from graphnet.native.llvm import object_cache
from graphnet.native.llvm.cache_folder import opened
from graphnet.native.llvm.target import compilations
from graphnet.source import warn_once
from tests.support.object_code import added, as_root, only_file, posix, since


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
    warn_once.cache_clear()
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


def refused(reason: str) -> None:
    """Code is neither read nor written in the folder, which is told once."""
    warn_once.cache_clear()
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
        object_cache.evict(own, 2 * size)
    left = {path.name for path in cache.iterdir()}
    assert left == {"mine", f"{keys[0]}.object", f"{keys[4]}.object"}


def test_many_writes_keep_the_folder_near_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One write in so many looks at the folder; by then it holds a few more files."""
    monkeypatch.setenv("GRAPHNET_CACHE", str(tmp_path))
    monkeypatch.setattr(object_cache, "CAPACITY", 20 * len(object_cache.seal("", b"")))
    monkeypatch.setattr(object_cache, "WRITES", 4)
    for number in range(200):
        object_cache.keep(object_cache.key(str(number)), b"")
    assert len(list(tmp_path.iterdir())) < 80
