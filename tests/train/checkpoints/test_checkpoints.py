"""Checkpoints: resumed to the same bits, also after an interruption, a kill or a full disk; what does not fit."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn, optim, train
from graphnet.errors import DataError, FormatError, NumericsError
from graphnet.graph.files.save_load import read, save
from tests.support.paths import FILES
from tests.support.trainers import TEXT, Interrupting, everything, small_trainer


def assert_same_bits(first, second):
    left, right = everything(first), everything(second)
    assert left.keys() == right.keys()
    for name in left:
        np.testing.assert_array_equal(left[name], right[name], err_msg=name)


def test_checkpoint_every_no_batches():
    with pytest.raises(ValueError, match="checkpoint_every is 0, expected 1 or more"):
        small_trainer(checkpoint_every=0)


def test_the_folder_of_the_checkpoint_is_made(tmp_path):
    trainer, training, _ = small_trainer(tmp_path / "a" / "b" / "checkpoint.gn")
    trainer.fit(training[:1], epochs=1)
    assert trainer.checkpoint.exists()


def test_no_checkpoint_is_named_that_was_not_written(tmp_path):
    trainer, training, _ = small_trainer(tmp_path / "a.gn")
    trainer.net["scores"].bias[0] = np.nan
    with pytest.raises(NumericsError, match=r"clip the gradients\.$"):
        trainer.fit(training, epochs=1)


@pytest.mark.parametrize("at", [0, 4, 10])
def test_interrupted_in_mid_epoch_and_resumed_gives_the_same_bits(tmp_path, at):
    whole, training, validation = small_trainer()
    whole.fit(training, epochs=3, validation=validation)

    path = tmp_path / "checkpoint.gn"
    first, _, _ = small_trainer(path)
    first.fit(training, epochs=1, validation=validation)
    first.fit(Interrupting(training, at), epochs=3, validation=validation)
    assert first.interrupted
    assert first.batches_done == len(training) + at + 1

    second, _, _ = small_trainer(path)
    second.net.generator.random(100)  # its own beginnings do not matter
    second.load()
    second.fit(training, epochs=3, validation=validation)
    assert not second.interrupted
    assert_same_bits(second, whole)


def test_resumed_from_a_checkpoint_between_epochs_gives_the_same_bits(tmp_path):
    whole, training, _ = small_trainer()
    whole.fit(training, epochs=2)
    path = tmp_path / "checkpoint.gn"
    killed, _, _ = small_trainer(path, checkpoint_every=4)
    for index in range(6):  # dies after batch 6; the checkpoint is that of batch 4
        killed.train_batch(*training[index])
        if killed.batches_done % killed.checkpoint_every == 0:
            killed.save()
    resumed, _, _ = small_trainer(path)
    resumed.load()
    assert resumed.batches_done == 4
    resumed.fit(training, epochs=2)
    assert_same_bits(resumed, whole)


def test_a_checkpoint_is_also_a_net(tmp_path):
    path = tmp_path / "checkpoint.gn"
    trainer, training, _ = small_trainer(path)
    trainer.fit(training, epochs=1)
    net = gn.load(path).evaluate()
    inputs = [training[0][0], *trainer.states]
    for ours, theirs in zip(
        trainer.net.evaluate().forward(inputs), net.forward(inputs), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_resume_with_another_vocabulary_names_the_characters(tmp_path):
    path = tmp_path / "checkpoint.gn"
    trainer, _, _ = small_trainer(path)
    trainer.save()
    other, _, _ = small_trainer(path, text=TEXT.replace("q", "é"))
    with pytest.raises(
        DataError, match=r"trained on 28 characters, .* has 'é' besides and lacks 'q'"
    ):
        other.load()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"notes": {"seed": 2}}, DataError, "trained with seed 1, received 2"),
        ({"rows": 4}, FormatError, r"carries states \(3, 6\) .*expected \(4, 6\)"),
        ({"net": nn.Linear(3, 2)}, FormatError, r"holds a net with 35 parameters .*, expected 2 "),
    ],
)
def test_resume_with_other_options(tmp_path, change, error, message):
    path = tmp_path / "checkpoint.gn"
    trainer, _, _ = small_trainer(path, notes={"seed": 1})
    trainer.save()
    other, _, _ = small_trainer(path, **{"notes": {"seed": 1}, **change})
    with pytest.raises(error, match=message):
        other.load()


def test_resume_with_another_optimiser(tmp_path):
    path = tmp_path / "checkpoint.gn"
    trainer, _, _ = small_trainer(path)
    trainer.save()
    trainer.optimizer = optim.Adam(trainer.net)
    with pytest.raises(FormatError, match="saved by an optimiser of another kind"):
        trainer.load()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_states_take_the_dtype_of_the_net(tmp_path, dtype):
    path = tmp_path / "checkpoint.gn"
    states = [np.zeros((3, 6), dtype) for _ in range(4)]
    whole, training, _ = small_trainer(states=states)
    whole.fit(training, epochs=2)
    trainer, _, _ = small_trainer(path, states=states)
    trainer.fit(training, epochs=1)
    assert {state.dtype for state in trainer.states} == {np.dtype(np.float32)}
    resumed, _, _ = small_trainer(path, states=states)
    resumed.load()
    resumed.fit(training, epochs=2)
    assert_same_bits(resumed, whole)


def test_resume_with_other_settings_of_the_optimiser(tmp_path):
    path = tmp_path / "checkpoint.gn"
    trainer, _, _ = small_trainer(path)
    trainer.save()
    trainer.optimizer = optim.RMSprop(trainer.net, 0.01, decay=0.99)
    with pytest.raises(FormatError, match=r"a state with decay 0\.9, it has decay 0\.99"):
        trainer.load()


def two_layers(names):
    """Linear layers of one size under these names, one after the other."""
    x = y = gn.input("x")
    for name in names:
        y = nn.Linear(3, 3)(y).annotate(name=name)
    return gn.GModule([x], [y])


def test_resume_with_the_same_parameters_in_another_order(tmp_path):
    trainers = []
    for names in (("a", "b"), ("b", "a")):
        net = two_layers(names)
        criterion, optimizer = nn.MSECriterion(), optim.SGD(net)
        trainers.append(
            train.Trainer(net, criterion, optimizer, checkpoint=tmp_path / "checkpoint.gn")
        )
    trainers[0].save()
    with pytest.raises(
        FormatError,
        match=r"its parameter 1 is a\.weight float64\[3, 3\], expected b\.weight float64\[3, 3\]",
    ):
        trainers[1].load()


POSITION = ("batches", "learning_rate", "optimizer", "generator")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        *[(lambda notes, _, key=key: notes["position"].pop(key), key) for key in POSITION],
        (lambda notes, _: notes.update(position=3), "not a whole checkpoint"),
        (lambda notes, _: notes["position"].update(batches=-1), "batches is -1"),
        (lambda notes, _: notes["position"].update(batches=1.5), r"batches is 1\.5"),
        (lambda notes, _: notes["position"].update(learning_rate="x"), "learning_rate is 'x'"),
        (lambda notes, _: notes["position"].update(generator={}), "not a whole checkpoint"),
        (lambda notes, _: notes["position"]["generator"].update(state=3), "not a whole checkpoint"),
        (lambda notes, _: notes["position"]["optimizer"].update(steps=-2), "steps -2"),
        (lambda notes, _: notes.update(vocabulary=["a"]), "notes a vocabulary that is no text"),
        (lambda notes, _: notes["position"].update(batches=True), "batches is True"),
        (lambda _, arrays: arrays.pop("state.2"), "carries states"),
        (
            lambda _, arrays: arrays.update({"state.2": arrays["state.2"].astype(int)}),
            r"carries states .*int64 .*, expected .*float32",
        ),
        (lambda _, arrays: arrays.pop("losses.training"), "not a whole checkpoint"),
        (lambda _, arrays: arrays.update({"losses.validation": np.zeros(3)}), "losses of shapes"),
        (lambda _, arrays: arrays.pop("optimizer.square_average"), "of another kind"),
        (
            lambda _, arrays: arrays.update({"optimizer.square_average": np.zeros(3)}),
            "Was it saved for a net of another size",
        ),
    ],
)
def test_a_failed_load_changes_nothing(tmp_path, damage, message):
    path = tmp_path / "checkpoint.gn"
    saved, training, _ = small_trainer(path)
    saved.fit(training, epochs=1)
    stored = read(path)
    damage(stored.notes, stored.arrays)
    save(stored.module, path, notes=stored.notes, arrays=stored.arrays)
    trainer, _, _ = small_trainer(path)
    untouched, _, _ = small_trainer()
    with pytest.raises(FormatError, match=message):
        trainer.load()
    assert trainer.batches_done == 0
    assert_same_bits(trainer, untouched)


def test_resume_from_what_is_no_checkpoint(tmp_path):
    path = tmp_path / "checkpoint.gn"
    trainer, _, _ = small_trainer(path)
    with pytest.raises(FileNotFoundError, match=r"no file .*checkpoint\.gn"):
        trainer.load()
    trainer.net.save(path)
    with pytest.raises(FormatError, match="holds a net, but no state of a training"):
        trainer.load()
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(FormatError, match="not a whole graphnet file"):
        trainer.load()
    with pytest.raises(DataError, match="no path to load from"):
        small_trainer()[0].load()


SAVING = """
import sys
from graphnet import nn, optim, train
net = nn.Linear(700, 700)
trainer = train.Trainer(net, nn.MSECriterion(), optim.Adam(net), checkpoint=sys.argv[1])
while True:
    trainer.batches_done += 1
    trainer.save()
    print(trainer.batches_done, flush=True)
"""


@pytest.mark.parametrize("saves", [1, 2, 4])
def test_a_kill_while_saving_leaves_a_whole_checkpoint(tmp_path, saves):
    path = tmp_path / "checkpoint.gn"
    process = subprocess.Popen([sys.executable, "-c", SAVING, path], stdout=subprocess.PIPE)
    with process:
        for _ in range(saves):
            last = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    net = nn.Linear(700, 700)
    trainer = train.Trainer(net, nn.MSECriterion(), optim.Adam(net), checkpoint=path)
    trainer.load()
    assert trainer.batches_done >= last


FULL_DISK = """
import resource, sys
from graphnet import nn, optim, train
net = nn.Linear(100, 100)
trainer = train.Trainer(net, nn.MSECriterion(), optim.Adam(net), checkpoint=sys.argv[1])
trainer.batches_done = 1
trainer.save()
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
trainer.batches_done = 2
trainer.save()
"""


@pytest.mark.skipif(os.name != "posix", reason="file size limits are a matter of POSIX")
def test_a_full_disk_leaves_the_old_checkpoint(tmp_path):
    path = tmp_path / "checkpoint.gn"
    result = subprocess.run(
        [sys.executable, "-c", FULL_DISK, path], capture_output=True, text=True, check=False
    )
    assert "OSError: [Errno 27] File too large" in result.stderr
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    net = nn.Linear(100, 100)
    trainer = train.Trainer(net, nn.MSECriterion(), optim.Adam(net), checkpoint=path)
    trainer.load()
    assert trainer.batches_done == 1


def test_a_checkpoint_with_former_names_of_settings_is_read():
    """Written when Adam's ``eps`` was ``epsilon``."""
    net = nn.Linear(1, 1)
    optimizer = optim.Adam(net, 0.1, eps=0.01, eps_inside=True)
    trainer = train.Trainer(net, nn.MSECriterion(), optimizer, show_progress=False, compile=False)
    trainer.load(FILES / "former_settings.gn")
    trainer.fit([(np.ones((2, 1)), np.zeros((2, 1)))] * 3, epochs=2)
    found = [net.weight.data.item(), net.bias.data.item()]
    np.testing.assert_allclose(found, [-0.4663999324350093, 0.41088421081634785], rtol=1e-12)
