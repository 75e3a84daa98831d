"""Changes of parameters, counted: a run notices those between it and its ``backward``."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import Any

MOMENTS = count(1)
"""Each change of a parameter and each run takes the next number; Python's counters are atomic."""


class Changes:
    """The number of the last change of any parameter; final, there is one.

    As long as it stays the same, nobody needs to look at the parameters one by one.
    """

    __slots__ = ("last",)

    def __init__(self) -> None:
        self.last = 0

    def note(self, parameters: Iterable[Any]) -> None:
        """These parameters change."""
        moment = next(MOMENTS)
        for parameter in parameters:
            parameter._changed = moment
        self.last = moment


changes = Changes()
