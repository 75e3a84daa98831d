"""Every error graphnet raises on purpose: problem, place, expected and received, and a hint."""

from __future__ import annotations

import sys
from difflib import get_close_matches

COMPUTING = "raised in compute of "
"""How notes begin."""


class GraphnetError(Exception):
    """The base of all graphnet errors.

    A layer of the package that finds a fault states the ``problem`` (a predicate, such as ``adds
    (3,) and (4,)``) and perhaps a ``hint``. The layer that knows the node adds ``where`` and the
    ``context`` lines once, on the way up. ``step`` is the time step, if it happened within a
    sequence.
    """

    def __init__(self, problem: str, hint: str = "", subject: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint
        self.subject = subject
        self.where = ""
        self.context: tuple[str, ...] = ()
        self.step: int | None = None

    def locate(self, where: str, context: tuple[str, ...] = ()) -> None:
        """Set the place of the error; the first (innermost) one is kept."""
        if not self.where:
            self.where = where
            self.context = context

    def __str__(self) -> str:
        subject = self.where or self.subject
        head = f"{subject} {self.problem}" if subject else self.problem
        if self.step is not None:
            head += f", at time step {self.step}"
        lines = [head, *self.context]
        if self.hint:
            lines.append(self.hint)
        return "\n  ".join(lines)


class GraphError(GraphnetError, ValueError):
    """Invalid wiring: a missing, unused, misplaced or unknown node or module."""


class ShapeError(GraphnetError, ValueError):
    """Arrays of incompatible shapes."""


class DtypeError(GraphnetError, TypeError):
    """An array of an unsupported dtype, or a value that is no array."""


class ArgumentError(GraphnetError, TypeError):
    """A call with an argument that is unknown, missing, or of another type than expected."""


class UnknownNameError(GraphnetError, AttributeError):
    """An attribute that there is not; without a hint, the message guesses one that there is."""

    def __str__(self) -> str:
        if not self.hint and self.name:  # only now, so that hasattr costs little
            close = get_close_matches(self.name, dir(self.obj), 1)
            self.hint = f"Did you mean {close[0]}?" if close else ""
        return super().__str__()


class IndexRangeError(GraphnetError, IndexError):
    """An index (word, class, table position) out of its range."""


class NumericsError(GraphnetError, ArithmeticError):
    """A NaN or an infinity, found by ``check_finite``, gradient clipping or the trainer."""


class GradientError(GraphnetError, ArithmeticError):
    """A gradient that differs from central differences: see ``check_gradients``."""


class FormatError(GraphnetError, ValueError):
    """A file that is damaged, hostile, or of another format or version."""


class DataError(GraphnetError, ValueError):
    """Unusable training data: too short, empty, or of another vocabulary."""


class ProgramError(GraphnetError, AssertionError):
    """An invalid array program: a fault in a pass or a primitive, not in user code."""


def note_place(error: Exception, where: str, context: tuple[str, ...] = ()) -> None:
    """Note at an exception of a user's ``compute`` which node was at work; the innermost is kept.

    Python prints notes from 3.11 on. In 3.10 the note becomes part of the message, if that is all
    that the exception holds; else it is in ``__notes__``, which pytest prints.
    """
    known = (*getattr(error, "__notes__", ()), *error.args)
    if any(isinstance(text, str) and COMPUTING in text for text in known):
        return
    note = "\n  ".join([COMPUTING + where, *context])
    if sys.version_info >= (3, 11):
        error.add_note(note)
    elif error.args and error.args == (str(error),):
        error.args = (f"{error}\n{note}",)
    else:
        error.__notes__ = [*getattr(error, "__notes__", ()), note]
