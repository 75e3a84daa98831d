"""Pictures during a training: a failure is reported, and does not end the training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from graphnet.errors import GraphnetError
from graphnet.train.reports.progress import to_standard_error


class Pictures:
    """Writes pictures; failures are reported by ``tell`` (to standard error), each only once.

    >>> pictures = Pictures(tell=print)
    >>> pictures.write("loss.bmp", lambda path: 1 / 0)
    loss.bmp is left out, all else goes on: ZeroDivisionError: division by zero
    False
    >>> pictures.write("other.bmp", lambda path: 1 / 0)
    False
    """

    def __init__(self, tell: Callable[[str], object] = to_standard_error) -> None:
        self._tell = tell
        self._told: set[str] = set()

    def write(self, path: str | Path, make: Callable[[Path], object]) -> bool:
        """Call ``make`` with the path; returns whether it succeeded, and never raises."""
        try:
            make(Path(path))
        except Exception as error:  # of a library, of the system or of the disk: all are the same
            self._tell_once(Path(path).name, error)
            return False
        return True

    def _tell_once(self, name: str, error: Exception) -> None:
        kind = "" if isinstance(error, GraphnetError) else f"{type(error).__name__}: "
        fault = f"{kind}{error}"
        if fault not in self._told:
            self._told.add(fault)
            self._tell(f"{name} is left out, all else goes on: {fault}")
