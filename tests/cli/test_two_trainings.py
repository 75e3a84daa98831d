"""``graphnet lstm`` twice in one folder."""

import pytest

from tests.support.command_line import TINY, resumable


def test_lstm_leaves_a_running_training_in_its_folder_alone(folder, graphnet):
    fcntl = pytest.importorskip("fcntl")
    resumable(graphnet)
    before = (folder / "lstm" / "checkpoint.gn").read_bytes()
    with (folder / "lstm" / "checkpoint.gn").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # as the training does that writes it
        code, _, errors = graphnet("lstm", "--text", "text.txt", "--epochs", "1", *TINY)
    assert code == 2
    assert "checkpoint.gn is being written by another training" in errors
    assert (folder / "lstm" / "checkpoint.gn").read_bytes() == before
    assert not (folder / "lstm" / "older_checkpoint.gn").exists()
