"""Standard error of C code: what it writes there, without the noise of its fonts."""

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
"""What the font library inside pygraphviz's wheel says where fonts are set up otherwise."""


@contextmanager
def captured_stderr(keep: Callable[[str], None]) -> Iterator[None]:
    """Hold back what C code writes to standard error, and keep all of it but the font noise.

    Lines written by other threads meanwhile are kept too and so come late, but come.
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
