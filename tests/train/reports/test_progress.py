"""What a training prints, and its loss curve."""

import math
import os
import re
import subprocess
import sys

import numpy as np
import pytest

from graphnet import train
from graphnet.train.reports.history import History, bits
from graphnet.train.reports.loss_chart import smoothed
from graphnet.train.reports.progress import loss_text
from tests.support.paths import TESTS
from tests.support.trainers import small_trainer


def test_progress_without_a_unit_is_the_loss_alone(capsys):
    trainer, training, validation = small_trainer(show_progress=True)
    trainer.fit(training, epochs=1, validation=validation)
    assert "character" not in capsys.readouterr().err


def test_progress_without_a_terminal_is_a_few_lines(capsys):
    trainer, training, validation = small_trainer(
        show_progress=True, unit="character", compile=False
    )
    trainer.fit(training, epochs=1, validation=validation)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 6
    assert lines[0].startswith("epoch 1/1   3/11  loss ")
    assert lines[4].startswith("epoch 1/1  11/11  loss ")
    assert lines[0].endswith(" characters/s")
    loss = trainer.history.validation[0][1]
    assert lines[5] == (
        f"epoch 1/1  validation loss {loss:.3f}, {loss / math.log(2):.3f} bits per character"
    )


def test_models_of_words_are_judged_by_perplexity(capsys):
    trainer, training, validation = small_trainer(show_progress=True, unit="word")
    trainer.fit(training, epochs=1, validation=validation)
    last = capsys.readouterr().err.splitlines()[-1]
    loss = trainer.history.validation[0][1]
    assert last.endswith(f" bits per word, perplexity {math.exp(loss):.4g}")
    assert loss_text(1000.0, "word").endswith("perplexity inf")


def test_the_curve_is_an_svg_with_both_axes(tmp_path):
    history = History([3.0, 2.5, 2.2, 2.0], [(2, 2.4), (4, 2.1)])
    train.draw_losses(history, tmp_path / "a.svg", "title of it")
    train.draw_losses(history, tmp_path / "b.svg", "title of it")
    text = (tmp_path / "a.svg").read_text()
    assert text == (tmp_path / "b.svg").read_text()
    for part in ("<svg", "bits -->", "loss (nats)", "title of it", "2.100"):
        assert part in text


def test_smoothing_and_bits():
    np.testing.assert_allclose(smoothed([1, 2, 6, 3], 1), [1.5, 3, 11 / 3, 4.5])
    np.testing.assert_allclose(smoothed([1, 2, 6], 0), [1, 2, 6])
    assert bits(math.log(16)) == pytest.approx(4)


def test_batches_of_unknown_number_are_counted(capsys):
    trainer, training, _ = small_trainer(show_progress=True, compile=False)
    trainer.fit(lambda: iter(training), epochs=2)
    lines = capsys.readouterr().err.splitlines()
    counts = [line.split("  loss")[0] for line in lines[:5]]
    assert counts == [f"epoch 1/2  {count}" for count in (1, 2, 4, 8, 11)]
    assert lines[5].startswith("epoch 2/2   3/11  loss ")  # known by now


ON_A_TERMINAL = """
import sys
sys.path[:0] = [sys.argv[1]]
from graphnet import train
from tests.support.paths import TESTS
from tests.support.trainers import small_trainer
trainer, training, validation = small_trainer(show_progress=True, compile=False)
trainer.fit(training, 2, validation)
"""


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are a matter of POSIX")
def test_a_terminal_shows_one_bar_with_the_time_left(tmp_path):
    import fcntl
    import pty
    import struct
    import termios

    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    command = [sys.executable, "-c", ON_A_TERMINAL, TESTS.parent]
    with subprocess.Popen(command, stderr=follower, stdout=subprocess.DEVNULL) as process:
        os.close(follower)
        shown = b""
        while True:
            try:
                part = os.read(leader, 4096)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            shown += part
    os.close(leader)
    assert process.returncode == 0
    states = re.split(r"[\r\n]+", shown.decode())
    assert any(
        re.match(r"epoch 1/2 \|.*\| \d+/11 \[\d\d:\d\d<\d\d:\d\d\], loss", s) for s in states
    )
    assert any(re.match(r"epoch 2/2  validation \|.*\| \d/1 \[", s) for s in states)
    bars = [state for state in states if "|" in state]
    assert len([s for s in states if s.startswith("epoch") and s not in bars]) == 4
    assert bars
    assert "|" not in states[-1]  # the bar is gone at the end
