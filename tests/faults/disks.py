"""A full disk, and one that is read-only: old files stay whole, nothing half-written is left.

As root on a file system of its own, else by a limit on the size of files, and by a folder's mode.
"""

from __future__ import annotations

import errno
import os
import random
import resource
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from tqdm import tqdm

import graphnet as gn
from graphnet import nn, train
from graphnet.drawing import draw
from graphnet.graph.files.save_load import read
from graphnet.native.llvm import object_cache
from graphnet.source import warn_once
from tests.faults.processes import child, ended_well
from tests.faults.trained import trainer_for

ROOM = 256 * 1024
Writing = Callable[[Path, int], None]
REFUSALS = (errno.ENOSPC, errno.EFBIG, errno.EROFS, errno.EACCES)


def write_net(path: Path, size: int) -> None:
    gn.save(nn.Linear(size // 16, 1), path.with_suffix(".gn"))


def write_checkpoint(path: Path, size: int) -> None:
    trainer_for(path.with_name("checkpoint.gn"), size // 200).save()


def write_drawing(path: Path, size: int) -> None:
    net = nn.Sequential(*[nn.Linear(2, 2) for _ in range(1 + size // 400)])
    draw(net, depth=1, limit=10**6).save(path.with_suffix(".dot"))


def write_curve(path: Path, size: int) -> None:
    history = train.History()
    history.training.extend(np.random.default_rng(size).normal(size=size // 40))
    train.draw_losses(history, path.with_suffix(".svg"))


def write_entry(path: Path, size: int) -> None:
    """The cache does without: what cannot be kept is told, and computed again."""
    os.environ["GRAPHNET_CACHE"] = str(path.parent)
    code = bytes(size)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        warn_once.cache_clear()
        object_cache.keep(object_cache.key("entry"), code)
    if told:
        assert "no machine code can be kept" in str(told[0].message)
        raise OSError(errno.ENOSPC, "told")


WRITINGS: list[Writing] = [write_net, write_checkpoint, write_drawing, write_curve, write_entry]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "filling"}


def attempt(writing: Writing, folder: Path, size: int) -> bool:
    """Whether it was refused; what was there before is still there, or something new and whole."""
    before = contents(folder)
    try:
        writing(folder / "file", size)
    except OSError as error:
        if error.errno not in REFUSALS:
            raise
        assert contents(folder) == before, "a file changed, or one is left behind"
        return True
    after = contents(folder)
    assert not [name for name in after if name.endswith(".part")], "something is left behind"
    for path in folder.glob("*.gn"):
        read(path)
    return False


@contextmanager
def own_disk() -> Iterator[Path | None]:
    """A small file system in memory; None where it cannot be had."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", folder]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            yield None
            return
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "-l", folder], check=True)


def on_full_disk(folder: Path, count: int) -> list[str]:
    """Random sizes of files on a disk with random room."""
    lost, refused = [], [0] * len(WRITINGS)
    filling = folder / "filling"
    for number in tqdm(range(count), "full disk", mininterval=5):
        which = number % len(WRITINGS)
        for path in folder.iterdir():
            path.unlink()
        WRITINGS[which](folder / "file", 4000)  # the old file
        space = os.statvfs(folder)
        free = space.f_bavail * space.f_bsize
        filling.write_bytes(bytes(max(0, free - random.randrange(64 * 1024))))
        try:
            refused[which] += attempt(WRITINGS[which], folder, random.randrange(4000, 120_000))
        except Exception as error:
            lost.append(f"{WRITINGS[which].__name__}: {type(error).__name__}: {error}")
    print(f"refused on a full disk: {refused}")
    return lost


def on_limited_files(folder: Path, count: int) -> list[str]:
    """As ``on_full_disk`` without a disk of one's own: no file may be longer than this."""

    def limited(writing: Writing, limit: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        attempt(writing, folder, 100_000)

    lost = []
    for number in tqdm(range(count), "limited files", mininterval=5):
        writing = WRITINGS[number % len(WRITINGS)]
        writing(folder / "file", 4000)
        if not ended_well(child(lambda w=writing: limited(w, random.randrange(30_000)))):
            lost.append(f"{writing.__name__}, with a limit to the size of files")
    return lost


def read_only(folder: Path) -> list[str]:
    """Each writing once, by another user than the owner of the folder."""

    def as_nobody(writing: Writing) -> None:
        if os.geteuid() == 0:
            os.setuid(65534)
        assert attempt(writing, folder, 8000), "a read-only folder was written"

    lost = []
    for writing in WRITINGS[:-1]:  # a cache of another user is refused before
        writing(folder / "file", 4000)
        folder.chmod(0o555)
        if not ended_well(child(lambda w=writing: as_nobody(w))):
            lost.append(f"{writing.__name__} in a read-only folder")
        folder.chmod(0o755)
    return lost


def campaign(count: int, seed: int) -> list[str]:
    random.seed(seed)
    lost = []
    with own_disk() as disk:
        if disk is None:
            print("no file system of its own can be mounted here (root can)")
        else:
            disk.chmod(0o755)
            lost += on_full_disk(disk, count)
            subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
            lost += [
                f"{writing.__name__} on a read-only disk"
                for writing in WRITINGS
                if not attempt(writing, disk, 8000)
            ]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        lost += on_limited_files(Path(folder), count)
    with tempfile.TemporaryDirectory() as folder:
        lost += read_only(Path(folder))
    return lost
