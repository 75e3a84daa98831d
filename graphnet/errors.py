"""Every error graphnet raises on purpose: what, where, expected and received, and a hint."""

from __future__ import annotations


class GraphnetError(Exception):
    """Base of all graphnet errors.

    A floor that finds a fault states the ``problem`` (a predicate, such as ``adds (3,) and (4,)``)
    and perhaps a ``hint``. The floor that knows which node was at work adds ``where`` and the
    ``context`` lines once, on the way up.
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
        """Say where it happened; the first (innermost) place given is kept."""
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
    """The wiring is wrong: a missing, unused, misplaced or unknown node or module."""


class ShapeError(GraphnetError, ValueError):
    """Arrays of these shapes do not go together."""


class DtypeError(GraphnetError, TypeError):
    """An array of this dtype (or a value that is no array) cannot be used here."""


class IndexRangeError(GraphnetError, IndexError):
    """An index (word, class, table position) lies outside its range."""


class NumericsError(GraphnetError, ArithmeticError):
    """A NaN or an infinity, found because ``check_finite`` was asked for."""


class FormatError(GraphnetError, ValueError):
    """A file is damaged, hostile, or of another format or version."""


class DataError(GraphnetError, ValueError):
    """The training data cannot be used: too short, empty, or of another vocabulary."""


class ProgramError(GraphnetError, AssertionError):
    """An array program breaks its own rules: a fault in a pass or a primitive, not in user code."""
