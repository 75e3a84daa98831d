"""Progress of an epoch: a live bar on a terminal, a few lines elsewhere."""

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
    """Shows batches done, loss, bits per character, time per batch and speed, on standard error."""

    def __init__(
        self, label: str, total: int, done: int, visible: bool, unit: str = "character"
    ) -> None:
        self.label, self.total, self.done = label, total, done
        self.unit = unit
        self.visible = visible
        self._terminal = visible and is_terminal()
        self._bar = Bar(
            total=total,
            initial=done,
            desc=label,
            disable=not self._terminal,
            dynamic_ncols=True,
            leave=True,
            bar_format="{desc} |{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}]{postfix}",
        )
        self._loss = 0.0
        self._weight = 0.0
        self._compiling = False
        self._start_clock()

    def _start_clock(self) -> None:
        self._characters = 0
        self._batches = 0
        self._start = time.perf_counter()

    def close(self) -> None:
        """Leave the bar as it is."""
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
        elif self.visible and self.done * LINES % self.total < LINES:
            width = len(str(self.total))
            counted = f"{self.done:{width}}/{self.total}"
            print(f"{self.label}  {counted}  {self.text()}", file=sys.stderr, flush=True)

    def say(self, text: str) -> None:
        """Print a permanent line."""
        if self.visible:
            Bar.write(text, file=sys.stderr)

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
