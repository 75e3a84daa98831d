"""A folder of which nobody else can change a file: what is read from it may be run.

On POSIX it is held by a descriptor: what was checked is what is used, whatever its path names by
then. Windows keeps a user's folders from others by itself.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from graphnet.atomic_write import BINARY, write_atomically

IS_POSIX = os.name == "posix"
UNFOLLOWED = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class NotOwn(Exception):  # noqa: N818 (a reason, not a fault)
    """Why a folder or a file is not used."""


class Folder:
    """A checked folder and what can be done in it; final. OSError where the system refuses."""

    def __init__(self, path: Path, handle: int | None) -> None:
        self.path, self.handle = path, handle

    def name(self, name: str) -> str:
        return name if self.handle is not None else str(self.path / name)

    def read(self, name: str) -> bytes:
        """The content of a file. Raises NotOwn for one that another user could have written."""
        flags = os.O_RDONLY | UNFOLLOWED | BINARY
        with os.fdopen(os.open(self.name(name), flags, dir_fd=self.handle), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise NotOwn(f"{name} is no file")
            require_own(status, name)
            return file.read()

    def write(self, name: str, content: bytes) -> None:
        """A file that others see whole or not at all, also when two processes write it at once."""
        write_atomically(self.name(name), content, folder=self.handle, mode=0o600, lasting=False)

    def mark_used(self, name: str) -> None:
        os.utime(self.name(name), dir_fd=self.handle)

    def remove(self, name: str) -> None:
        with suppress(OSError):
            os.unlink(self.name(name), dir_fd=self.handle)

    def files(self) -> Iterator[tuple[str, os.stat_result]]:
        """Names, with what the system knows of each file."""
        for name in os.listdir(self.path if self.handle is None else self.handle):  # noqa: PTH208
            with suppress(OSError):  # another process removed it
                yield name, os.stat(self.name(name), dir_fd=self.handle, follow_symlinks=False)


@contextmanager
def opened(path: Path) -> Iterator[Folder]:
    """A folder that is the user's own. Raises NotOwn for another, OSError where there is none."""
    if not IS_POSIX:
        yield Folder(path, None)
        return
    require_own(path.lstat(), "it", is_link_allowed=True)
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        require_own(os.fstat(handle), "it")
        yield Folder(path, handle)
    finally:
        os.close(handle)


def require_own(status: os.stat_result, what: str, is_link_allowed: bool = False) -> None:
    """Raise NotOwn where another user owns something, or may write to it."""
    if not IS_POSIX:
        return
    if status.st_uid != os.geteuid():
        raise NotOwn(f"{what} belongs to user {status.st_uid}, not to user {os.geteuid()}")
    is_link = is_link_allowed and stat.S_ISLNK(status.st_mode)  # whose mode says nothing
    if status.st_mode & 0o022 and not is_link:
        raise NotOwn(f"other users may write to {what}: mode {stat.S_IMODE(status.st_mode):o}")
