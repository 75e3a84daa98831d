"""Object code on disk, so that a second process compiles nothing.

The folder is ``GRAPHNET_CACHE``, else the user's cache folder; ``GRAPHNET_CACHE=off`` does without.
A file that is not whole is as good as none, and so is a folder that cannot be read or written; one
that ``GRAPHNET_CACHE`` names and that cannot be written leads to one warning. What is found is run,
so a folder or file that another user owns or may write to is refused, with one warning.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from pathlib import Path

from platformdirs import user_cache_path

from graphnet.native.llvm.cache_folder import Folder, NotOwn, opened
from graphnet.source import warn_once

MAGIC = b"graphnet object 1\n"
NAME = re.compile(r"[0-9a-f]{64}\.(object|\w+\.part)|\.[0-9a-f]{64}\.object\.\w+\.part")
CAPACITY = 256 * 2**20
"""The size of the folder, in bytes."""
WRITES = 64
"""One write in so many looks at the whole folder, which takes a while where it is full."""


def folder() -> Path | None:
    """The folder of object code, if any."""
    named = os.environ.get("GRAPHNET_CACHE")
    if named is not None and named.lower() in ("", "off"):
        return None
    try:
        if named:
            return Path(named).expanduser()
    except RuntimeError:  # a user without a home
        return None
    usual = user_cache_path("graphnet", appauthor=False, opinion=False)
    return usual if usual.is_absolute() else None  # it is not for a user without a home


def key(*parts: str) -> str:
    """The name of object code: another one for whatever differs in what it is made of."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode()
        digest.update(b"%d:" % len(content) + content)
    return digest.hexdigest()


def seal(key: str, code: bytes) -> bytes:
    return MAGIC + hashlib.sha256(key.encode() + code).digest()


def found(key: str) -> bytes | None:
    """The object code of that key, if a whole file holds it; that file counts as used now."""
    place, name = folder(), f"{key}.object"
    if place is None:
        return None
    try:
        with opened(place) as own:
            content = own.read(name)
            code = content[len(seal(key, b"")) :]
            if content != seal(key, code) + code:
                return None
            with contextlib.suppress(OSError):
                own.mark_used(name)
            return code
    except OSError:
        return None
    except NotOwn as reason:
        warn_refused(place, str(reason))
        return None


def keep(key: str, code: bytes) -> None:
    """Write object code for other processes, where that can be done."""
    place = folder()
    if place is None:
        return
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        with opened(place) as own:
            own.write(f"{key}.object", seal(key, code) + code)
            if int(key, 16) % WRITES == 0:
                with contextlib.suppress(OSError):
                    evict(own)
    except NotOwn as reason:
        warn_refused(place, str(reason))
    except OSError as error:
        is_taken = error.filename2 is not None  # a move failed: something stands in its place
        if "GRAPHNET_CACHE" in os.environ and not is_taken:
            warn_not_kept(place, error.strerror or str(error))


def warn_not_kept(place: Path, reason: str) -> None:
    """Warn that nothing can be kept in a folder."""
    warn_once(
        f"GRAPHNET_CACHE names {place}, where no machine code can be kept ({reason}): each process "
        "compiles its own (name a folder that can be written, or GRAPHNET_CACHE=off)",
        RuntimeWarning,
    )


def warn_refused(place: Path, reason: str) -> None:
    """Warn that machine code there might be another user's."""
    warn_once(
        f"The cache of machine code {place} is not used, since {reason}: what it holds would be "
        "run. Each process compiles its own (name a folder that you own and that nobody else may "
        "write to, chmod go-w, by GRAPHNET_CACHE; or GRAPHNET_CACHE=off)",
        RuntimeWarning,
    )


def evict(own: Folder, capacity: int | None = None) -> None:
    """Remove the least recently used entries; files of other kinds stay."""
    files = [
        (status.st_mtime_ns, status.st_size, name)
        for name, status in own.files()
        if NAME.fullmatch(name)
    ]
    excess = sum(size for _, size, _ in files) - (CAPACITY if capacity is None else capacity)
    for _, size, name in sorted(files):
        if excess <= 0:
            return
        own.remove(name)
        excess -= size
