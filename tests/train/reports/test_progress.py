"""What a training prints, and its loss curve."""

import math

import numpy as np
import pytest

from graphnet import train
from graphnet.train.reports.history import History, bits, smoothed
from graphnet.train.reports.progress import loss_text
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
