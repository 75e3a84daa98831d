"""Standard error of C code, without the messages of its font library."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from graphnet.stderr import stderr_to

FONT_NOISE = (
    "Fontconfig error: Cannot load default",
    "Fontconfig warning",
    "Fontconfig error: No writ",
)
"""Messages of the font library inside pygraphviz's wheel about other font configurations."""


@contextmanager
def captured_stderr(keep: Callable[[str], None]) -> Iterator[None]:
    """Hold back C code's output to standard error, and keep all of it but the font messages.

    Lines written by other threads meanwhile are kept too, but arrive late.
    """
    with tempfile.TemporaryFile() as file:
        try:
            with stderr_to(file):
                yield
        finally:
            file.seek(0)
            for line in file.read().decode(errors="replace").splitlines(keepends=True):
                if not line.startswith(FONT_NOISE):
                    keep(line)
