"""The place of a checkpoint: that it can be written, and that no other training writes there."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import final

from graphnet.atomic_write import write_atomically
from graphnet.errors import DataError

Identity = tuple[int, int, int, int]


@final
class CheckpointPlace:
    """Held while a training runs. Files have an advisory lock where the system has such locks;
    what another training wrote in spite of it is seen by the file's identity.

    Raises OSError where nothing can be written, DataError where another training writes.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._own: Identity | None = None
        self._handle: int | None = None

    def __enter__(self) -> CheckpointPlace:
        require_writable(self._path)
        self._own = identity(self._path)
        self._hold()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._release()

    def require_own(self) -> None:
        """Raise DataError if another training has written the file since this one did."""
        found = identity(self._path)
        if found is not None and found != self._own:
            raise taken(self._path, "has been written by another training meanwhile")

    def written(self) -> None:
        """The file is this training's now."""
        self._own = identity(self._path)
        self._hold()

    def _hold(self) -> None:
        self._release()
        self._handle = locked(self._path)

    def _release(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def require_free(path: Path) -> None:
    """Raise DataError if another training writes this checkpoint now."""
    handle = locked(path)
    if handle is not None:
        os.close(handle)


def require_writable(path: Path) -> None:
    """Make the folder, and try to write beside the file; raises OSError where that fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():
        raise FileExistsError(f"{path} is no file, so no checkpoint can be written in its place")
    trial = path.with_name(f".{path.name}.trial")
    write_atomically(str(trial), b"", lasting=False)
    with suppress(OSError):
        trial.unlink()


def identity(path: Path) -> Identity | None:
    """What differs between two files that were written to one path; None if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size


def locked(path: Path) -> int | None:
    """A descriptor that holds the lock of a file, None where there are none; DataError if taken."""
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            raise taken(path, "is being written by another training") from None
        return None  # a file system without locks
    return handle


def taken(path: Path, problem: str) -> DataError:
    return DataError(
        f"{path} {problem}",
        "Give each training a checkpoint of its own: Trainer(…, checkpoint=…).",
    )
