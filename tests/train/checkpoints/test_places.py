"""Where a checkpoint cannot be written, or another training writes, which is known before training."""

import os
import subprocess
import sys

import numpy as np
import pytest

from graphnet import Module, nn, optim, train
from graphnet.errors import DataError, GraphError
from graphnet.train.checkpoints.place import require_free
from tests.support.paths import TESTS
from tests.support.trainers import small_trainer


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_found_before_training(tmp_path):
    folder = tmp_path / "sealed"
    folder.mkdir(mode=0o500)
    trainer, training, _ = small_trainer(folder / "a.gn")
    with pytest.raises(PermissionError, match=r"Permission denied.*sealed"):
        trainer.fit(training, epochs=1)
    assert trainer.batches_done == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a folder of Linux")
def test_a_folder_of_the_system_is_found_before_training():
    trainer, training, _ = small_trainer("/proc/a.gn")
    with pytest.raises(OSError, match="proc"):
        trainer.fit(training, epochs=1)
    assert trainer.batches_done == 0


def test_a_place_that_is_no_file_is_found_before_training(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.gn").mkdir()
    for path, error in (("folder.gn", "is no file, so no"), ("file/a.gn", "File exists|Not a dir")):
        trainer, training, _ = small_trainer(tmp_path / path)
        with pytest.raises(OSError, match=error):
            trainer.fit(training, epochs=1)
        assert trainer.batches_done == 0


class Unsavable(Module):
    def __init__(self, function):
        self.function = function
        self.layer = nn.Linear(2, 2)

    def compute(self, x):
        return self.function(self.call_layer(x))

    def call_layer(self, x):
        return self.layer.call(x)


def test_a_net_or_notes_that_no_file_can_hold_are_found_before_training(tmp_path):
    net = Unsavable(lambda x: x)
    trainer = train.Trainer(
        net, nn.MSECriterion(), optim.SGD(net), checkpoint=tmp_path / "a.gn", show_progress=False
    )
    with pytest.raises(GraphError, match="Unsavable cannot be saved: it has an argument"):
        trainer.fit([(np.ones((1, 2)), np.ones((1, 2)))], epochs=1)
    noting, training, _ = small_trainer(tmp_path / "a.gn", notes={"net": net})
    with pytest.raises(GraphError, match=r"notes cannot be saved in a checkpoint: .*Unsavable"):
        noting.fit(training, epochs=1)
    assert trainer.batches_done == noting.batches_done == 0


def test_nothing_is_left_beside_the_checkpoint(tmp_path):
    path = tmp_path / "a.gn"
    trainer, training, _ = small_trainer(path)
    trainer.fit(training, epochs=1)
    assert [file.name for file in tmp_path.iterdir()] == ["a.gn"]


# ---- two trainings

TRAINING = """
import sys
sys.path[:0] = [sys.argv[2]]
from tests.support.paths import TESTS
from tests.support.trainers import small_trainer

def told(epoch):
    print("epoch", flush=True)
    sys.stdin.readline()

trainer, training, _ = small_trainer(sys.argv[1], callback=told)
trainer.fit(training, epochs=3)
"""


@pytest.fixture
def another(tmp_path):
    """A training in another process that has written its checkpoint once, and waits."""
    path = tmp_path / "a.gn"
    command = [sys.executable, "-c", TRAINING, path, TESTS.parent]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "epoch\n"
    yield path, process
    process.kill()
    process.communicate()


@pytest.mark.skipif(os.name != "posix", reason="locks of files are a matter of POSIX")
def test_a_second_training_of_one_checkpoint_does_not_begin(another):
    path, process = another
    trainer, training, _ = small_trainer(path)
    with pytest.raises(
        DataError, match=r"a\.gn is being written by another training\n.*of its own"
    ):
        trainer.fit(training, epochs=1)
    assert trainer.batches_done == 0
    _, errors = process.communicate("\n\n\n")
    assert (process.returncode, errors) == (0, "")  # the first one is not disturbed
    trainer.load()
    assert trainer.epochs_done == 3


@pytest.mark.skipif(os.name != "posix", reason="locks of files are a matter of POSIX")
def test_a_training_that_was_killed_leaves_its_checkpoint_free(another):
    path, process = another
    process.kill()
    process.communicate()
    trainer, training, _ = small_trainer(path)
    trainer.load()
    trainer.fit(training, epochs=2)
    assert trainer.epochs_done == 2


def test_two_trainings_that_began_at_once_are_noticed_at_the_first_write(tmp_path):
    path = tmp_path / "a.gn"
    other, training, _ = small_trainer(path)
    trainer, _, _ = small_trainer(
        path, batch_callback=lambda batch: batch.number == 3 and other.save()
    )
    message = (
        r"a\.gn has been written by another training meanwhile, so this one is saved as .*a_2\.gn"
    )
    with pytest.warns(UserWarning, match=message):
        trainer.fit(training, epochs=2)
    other.load()
    assert other.batches_done == 0  # what the other one wrote is there
    assert trainer.checkpoint == tmp_path / "a_2.gn"
    trainer.load()
    assert trainer.epochs_done == 2  # it kept to the new path, and lost nothing


def test_nothing_is_lost_where_that_warning_is_an_error(tmp_path):
    path = tmp_path / "a.gn"
    other, training, _ = small_trainer(path)
    trainer, _, _ = small_trainer(
        path, batch_callback=lambda batch: batch.number == 3 and other.save()
    )
    with pytest.raises(UserWarning, match="so this one is saved as"):
        trainer.fit(training, epochs=1)
    trainer.load()
    assert trainer.epochs_done == 1


def touch(trainer):
    os.utime(trainer.checkpoint)


def save_the_net(trainer):
    trainer.net.save(trainer.checkpoint)


def copy(trainer):
    """As a synchronised folder, or a file system that numbers its files anew."""
    content = trainer.checkpoint.read_bytes()
    trainer.checkpoint.unlink()
    trainer.checkpoint.write_bytes(content)


def damage(trainer):
    trainer.checkpoint.write_bytes(b"nothing")


@pytest.mark.parametrize("change", [touch, save_the_net, copy, damage])
def test_a_checkpoint_that_was_changed_meanwhile_is_written_over(tmp_path, change):
    path = tmp_path / "a.gn"
    trainer, training, _ = small_trainer(path, callback=lambda epoch: change(trainer))
    trainer.fit(training, epochs=2)
    trainer.callback = None
    trainer.fit(training, epochs=3)
    assert [file.name for file in tmp_path.iterdir()] == ["a.gn"]
    trainer.load()
    assert trainer.epochs_done == 3


def test_an_older_checkpoint_that_was_touched_before_the_first_save_is_written_over(tmp_path):
    path = tmp_path / "a.gn"
    older, training, _ = small_trainer(path)
    older.fit(training, epochs=1)
    trainer, _, _ = small_trainer(path, batch_callback=lambda batch: os.utime(path))
    trainer.load()
    trainer.fit(training, epochs=2)
    assert [file.name for file in tmp_path.iterdir()] == ["a.gn"]


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked on POSIX alone")
def test_a_forked_process_does_not_keep_the_checkpoint(tmp_path):
    path = tmp_path / "a.gn"
    reader, writer = os.pipe()
    children = []

    def fork(epoch):
        if epoch.number > 1:
            return
        if child := os.fork():
            children.append(child)
        else:
            os.read(reader, 1)  # lives until the end of the test
            os._exit(0)

    trainer, training, _ = small_trainer(path, callback=fork)
    try:
        trainer.fit(training, epochs=1)
        require_free(path)
        trainer.fit(training, epochs=2)
    finally:
        os.write(writer, b"x")
        os.waitpid(children[0], 0)
        os.close(reader)
        os.close(writer)
    assert trainer.epochs_done == 2


def test_an_old_checkpoint_may_be_written_over(tmp_path):
    path = tmp_path / "a.gn"
    for epochs in (1, 2):
        trainer, training, _ = small_trainer(path)
        trainer.fit(training, epochs)
    trainer.load()
    assert trainer.epochs_done == 2


def test_a_checkpoint_that_is_moved_away_meanwhile_is_written_anew(tmp_path):
    path = tmp_path / "a.gn"

    def move(epoch):
        path.replace(tmp_path / f"{epoch.number}.gn")

    trainer, training, _ = small_trainer(path, callback=move)
    trainer.fit(training, epochs=2)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["1.gn", "2.gn"]
