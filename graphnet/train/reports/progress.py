"""Progress of a training: one live bar on a terminal, a few lines for an epoch elsewhere."""

from __future__ import annotations

import os
import sys
import threading
import time

from tqdm import tqdm

from graphnet import forkable
from graphnet.train.reports.history import bits, perplexity

LINES = 5
"""The number of lines of an epoch without a terminal."""


class Bar(tqdm):  # type: ignore[misc]  # it has no types
    """tqdm with a lock of this process alone, and without its thread; final.

    Its own lock is shared with forked processes: one that is killed leaves it taken for all.
    """

    monitor_interval = 0


@forkable.renews
def renew_lock() -> None:
    Bar.set_lock(threading.RLock())


renew_lock()


class Progress:
    """Shows batches done, time left, loss, bits per character and speed, on standard error; final.

    On a terminal one bar counts the batches of an epoch, then those of its validation; each epoch
    leaves a line. ``visible`` is whether anything is shown.
    """

    def __init__(self, visible: bool, unit: str = "character") -> None:
        self.visible = visible
        self.unit = unit
        self._terminal = visible and is_terminal()
        self._bar = Bar(
            disable=not self._terminal,
            dynamic_ncols=True,
            leave=False,
            bar_format="{desc} |{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}]{postfix}",
        )
        self.begin_epoch("", None, 0)

    def begin_epoch(self, label: str, total: int | None, done: int) -> None:
        """Count from ``done`` on; ``total`` is None where it is not known yet."""
        self.label, self.total, self.done = label, total, done
        self._loss = 0.0
        self._weight = 0.0
        self._compiling = False
        self._begin = time.perf_counter()
        self._start_clock()
        self._count(label, total, done)

    def _count(self, label: str, total: int | None, done: int) -> None:
        """Set the bar."""
        if self._terminal:
            self._bar.reset(total)
            self._bar.total = total  # unless it is known, tqdm keeps the one before
            self._bar.initial = self._bar.n = self._bar.last_print_n = done
            self._bar.set_postfix_str("", refresh=False)
            self._bar.set_description_str(label)

    def _start_clock(self) -> None:
        self._characters = 0
        self._batches = 0
        self._start = time.perf_counter()

    def close(self) -> None:
        """Remove the bar; the lines stay."""
        self._bar.close()

    def begin(self, compiling: bool) -> None:
        """Show that a batch waits for the compiler, if it does; its time does not count."""
        self._compiling = compiling
        if compiling and self._terminal:
            self._bar.set_postfix_str("compiling…")
        elif compiling:
            self.say(f"{self.label}  compiling…")

    def advance(self, loss: float, characters: int) -> None:
        """One batch more; the loss shown is a running mean."""
        self.done += 1
        self._loss = 0.95 * self._loss + 0.05 * loss
        self._weight = 0.95 * self._weight + 0.05
        self._characters += characters
        self._batches += 1
        if self._compiling:
            self._start_clock()
        if self._terminal:
            self._bar.set_postfix_str(self.text(short=True), refresh=False)
            self._bar.update()
        elif self.visible and self._is_line_due():
            self.say(self._line())

    def _is_line_due(self) -> bool:
        if self.total is None:  # 1, 2, 4, 8, …
            return self.done & (self.done - 1) == 0
        return self.done * LINES % self.total < LINES

    def _line(self) -> str:
        total = self.done if self.total is None else self.total
        counted = f"{self.done:{len(str(total))}}" + ("" if self.total is None else f"/{total}")
        return f"{self.label}  {counted}  {self.text()}"

    def end_epoch(self) -> None:
        """The line that stays of the batches of an epoch."""
        if self._weight and (self._terminal or (self.total is None and not self._is_line_due())):
            seconds = time.perf_counter() - self._begin
            self.say(f"{self._line()}  [{Bar.format_interval(seconds)}]")

    def begin_validation(self, total: int | None) -> None:
        """Count the batches of a validation; ``total`` is None where it is not known."""
        self._count(f"{self.label}  validation", total, 0)

    def advance_validation(self) -> None:
        """One batch of a validation more."""
        if self._terminal:
            self._bar.update()

    def end_validation(self, text: str) -> None:
        """The line that stays of a validation."""
        self.say(f"{self.label}  validation {text}")

    def say(self, text: str) -> None:
        """Print a permanent line."""
        if self._terminal:
            Bar.write(text, file=sys.stderr)
        elif self.visible:
            to_standard_error(text)

    def text(self, short: bool = False) -> str:
        """The loss, the time per batch and the speed, or a shorter form for a bar.

        ``loss 1.634, 2.357 bits per character, 24 ms per batch, 31,415 characters/s``
        """
        loss = self._loss / self._weight
        name = self.unit[:4]
        if short and self.unit:
            return (
                f"loss {loss:.3f}, {bits(loss):.2f} bits/{name}{self._speed(f'{name}/s', 'batch')}"
            )
        return f"{loss_text(loss, self.unit)}{self._speed(f'{self.unit}s/s', 'per batch')}"

    def _speed(self, unit: str, batch: str) -> str:
        """Time per batch and speed; nothing where only the compiler was at work so far."""
        if not self._batches:
            return ""
        seconds = max(time.perf_counter() - self._start, 1e-9)
        each = f", {1e3 * seconds / self._batches:.3g} ms {batch}"
        return f"{each}, {self._characters / seconds:,.0f} {unit}" if self.unit else each


def to_standard_error(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def is_terminal() -> bool:
    """Whether standard error is a terminal that knows its width, so that a bar can be drawn."""
    return sys.stderr.isatty() and os.get_terminal_size(sys.stderr.fileno()).columns > 0


def loss_text(loss: float, unit: str = "character") -> str:
    """``loss 1.634, 2.357 bits per character``, or the loss alone without a unit.

    Models of characters are compared by bits; those of words, and all others, by perplexity.
    """
    if not unit:
        return f"loss {loss:.4g}"
    text = f"loss {loss:.3f}, {bits(loss):.3f} bits per {unit}"
    return text if unit == "character" else f"{text}, perplexity {perplexity(loss):.4g}"
