"""The place of a checkpoint: that it can be written, and that no other training writes there."""

from __future__ import annotations

import errno
import hashlib
import os
import sys
from contextlib import suppress
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import final

from graphnet.atomic_write import write_atomically
from graphnet.errors import DataError, FormatError
from graphnet.graph.files.container import read_description
from graphnet.graph.files.save_load import read_notes
from graphnet.source import warn
from graphnet.train.checkpoints.training_state import POSITION

Identity = tuple[int, int, int, int]


@final
class CheckpointPlace:
    """Held while a training runs. Files have an advisory lock where the system has such locks;
    what another training wrote in spite of it is seen by the file's content.

    Raises OSError where nothing can be written, DataError where another training writes.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: Identity | None = None
        self._content: bytes | None = None
        self._handle: int | None = None

    def __enter__(self) -> CheckpointPlace:
        require_writable(self._path)
        self._note()
        self._hold()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._release()

    def to_write(self) -> Path:
        """The path to write to: if another training has written there meanwhile, one beside it."""
        if self._is_own():
            return self._path
        return unused_beside(self._path)

    def written(self, path: Path) -> None:
        """The file at ``path`` is this training's from now on; a warning tells if that is new."""
        former, self._path = self._path, path
        self._note()
        with suppress(DataError):  # taken since it was written; that is seen by its next content
            self._hold()
        if path != former:
            warn(
                f"{former} has been written by another training meanwhile, so this one is saved as "
                f"{path}; give each training a checkpoint of its own"
            )

    def _is_own(self) -> bool:
        """Whether the file may be written over: as it was, or no checkpoint."""
        found = identity(self._path)
        if found is None or found == self._known:
            return True
        is_same = content(self._path) == self._content  # it was touched, or copied
        return is_same or not is_checkpoint(self._path)

    def _note(self) -> None:
        """Know the file again."""
        self._known, self._content = identity(self._path), content(self._path)

    def _hold(self) -> None:
        self._release()
        self._handle = locked(self._path)

    def _release(self) -> None:
        if self._handle is not None:
            unlocked(self._handle)
            self._handle = None


def unused_beside(path: Path) -> Path:
    """``a_2.gn`` for ``a.gn``, or the next number of which there is no file."""
    paths = (path.with_name(f"{path.stem}_{number}{path.suffix}") for number in count(2))
    return next(path for path in paths if not path.exists())


def require_free(path: Path) -> None:
    """Raise DataError if another training writes this checkpoint now."""
    handle = locked(path)
    if handle is not None:
        unlocked(handle)


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


def content(path: Path) -> bytes | None:
    """A digest of the description in a file, with its checksums of all arrays; None without one."""
    try:
        return hashlib.sha256(read_description(path).encode()).digest()
    except (FormatError, OSError):
        return None


def is_checkpoint(path: Path) -> bool:
    """Whether a file holds a training, and not a net alone or anything else."""
    try:
        return POSITION in read_notes(path)
    except (FormatError, OSError):
        return False


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


def unlocked(handle: int) -> None:
    """Give up the lock, also where a forked process has inherited its descriptor."""
    if sys.platform != "win32":
        import fcntl

        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_UN)
    os.close(handle)


def taken(path: Path, problem: str) -> DataError:
    return DataError(
        f"{path} {problem}",
        "Give each training a checkpoint of its own: Trainer(…, checkpoint=…).",
    )
