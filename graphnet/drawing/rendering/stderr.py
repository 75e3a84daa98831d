"""Standard error of C code: what it writes there, without the noise of its fonts."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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
    try:
        saved = os.dup(2)
    except OSError:  # no standard error, as under pythonw: nothing to hold back
        yield
        return
    with tempfile.TemporaryFile() as file:
        sys.stderr.flush()
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            file.seek(0)
            for line in file.read().decode(errors="replace").splitlines(keepends=True):
                if not line.startswith(FONT_NOISE):
                    keep(line)
