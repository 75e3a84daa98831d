"""Ctrl-C during a training, and callbacks around it."""

import math
import signal
import threading

import numpy as np
import pytest

from tests.support.trainers import Interrupting, saved, small_trainer


@pytest.mark.parametrize("validated", [False, True])
def test_the_callback_receives_each_epoch(validated):
    seen = []
    trainer, training, validation = small_trainer(callback=seen.append)
    trainer.fit(training, epochs=3, validation=validation if validated else ())
    count, losses = len(training), np.array(trainer.history.training)
    assert [epoch.number for epoch in seen] == [1, 2, 3]
    assert [epoch.batches_done for epoch in seen] == [count, 2 * count, 3 * count]
    means = losses.reshape(3, count).mean(axis=1)
    np.testing.assert_allclose([epoch.training for epoch in seen], means, rtol=1e-14)
    expected = [loss for _, loss in trainer.history.validation] if validated else [None] * 3
    assert [epoch.validation for epoch in seen] == expected
    judged = expected if validated else means
    np.testing.assert_allclose([epoch.perplexity for epoch in seen], np.exp(judged), rtol=1e-13)


def test_the_callback_comes_after_the_checkpoint_and_once_for_an_interrupted_epoch(tmp_path):
    path, seen = tmp_path / "checkpoint.gn", []
    trainer, training, validation = small_trainer(path, callback=seen.append)
    trainer.fit(Interrupting(training, 2), epochs=2, validation=validation)
    assert trainer.interrupted
    assert seen == []
    resumed, _, _ = small_trainer(path, callback=lambda epoch: seen.append((epoch, saved(path))))
    resumed.load()
    resumed.fit(training, epochs=2, validation=validation)
    count = len(training)
    assert [(epoch.number, batches) for epoch, batches in seen] == [(1, count), (2, 2 * count)]
    mean = math.fsum(resumed.history.training[:count]) / count
    assert seen[0][0].training == pytest.approx(mean, rel=1e-14)


def test_ctrl_c_without_a_checkpoint_is_a_keyboard_interrupt():
    trainer, training, _ = small_trainer()
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(Interrupting(training, 2), epochs=1)
    assert trainer.batches_done == 3
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_during_the_last_batch_has_nothing_to_interrupt(tmp_path):
    whole, training, validation = small_trainer()
    whole.fit(training, epochs=1, validation=validation)
    for path in (None, tmp_path / "checkpoint.gn"):
        trainer, _, _ = small_trainer(path)
        trainer.fit(Interrupting(training, 10), epochs=1, validation=validation)
        assert not trainer.interrupted
        np.testing.assert_array_equal(
            trainer.net.flatten_parameters()[0], whole.net.flatten_parameters()[0]
        )
        assert trainer.history == whole.history


def test_training_outside_the_main_thread():
    trainer, training, _ = small_trainer()
    thread = threading.Thread(target=trainer.fit, args=(training, 1))
    thread.start()
    thread.join()
    assert trainer.batches_done == len(training)
