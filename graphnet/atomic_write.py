"""Files that others see whole or not at all, whatever happens while they are written."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress

BINARY = getattr(os, "O_BINARY", 0)


def write_atomically(
    name: str, content: bytes, *, folder: int | None = None, mode: int = 0o666, lasting: bool = True
) -> None:
    """Write beside the target, flush to disk if it is to be ``lasting``, then rename over it.

    ``name`` is a path, or a name in the open ``folder`` (a descriptor). Two processes may write at
    once. Raises OSError where the system refuses; the old file stays then, and nothing beside it.
    """
    head, tail = os.path.split(name)
    part = os.path.join(head, f".{tail}.{secrets.token_hex(4)}.part")  # noqa: PTH118
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY
    try:
        with os.fdopen(os.open(part, flags, mode, dir_fd=folder), "wb") as file:
            file.write(content)
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        os.replace(part, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(part, dir_fd=folder)
        raise
