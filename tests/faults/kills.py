"""kill -9 at random moments of a training: the checkpoint stays whole, and the same bits follow."""

from __future__ import annotations

import os
import random
import signal
import tempfile
import time
from pathlib import Path

from tqdm import tqdm

from tests.faults.processes import child, ended_well
from tests.faults.trained import bits, fit, trainer_for

WIDTH = 6000
"""Of the net: its file has 0.8 megabytes, which takes about as long to write as a batch to learn."""


def killed(path: Path, after: float) -> bool:
    """Whether a training was still at work after so many seconds."""
    number = child(lambda: fit(path, WIDTH))
    time.sleep(after)
    os.kill(number, signal.SIGKILL)
    return os.waitpid(number, 0)[1] == signal.SIGKILL


def require_whole(path: Path, least: int) -> None:
    """The checkpoint can be loaded, and is none before the last one that was seen."""
    if path.exists():
        trainer = trainer_for(path, WIDTH)
        trainer.load()
        assert trainer.batches_done >= least, f"{trainer.batches_done} batches, {least} before"
        path.with_name("seen").write_text(str(trainer.batches_done))


def require_same(path: Path, expected: bytes) -> None:
    assert bits(fit(path, WIDTH)) == expected, "other numbers than without a kill"


def campaign(count: int, seed: int) -> list[str]:
    """Trainings one after the other, each killed again and again until it ends."""
    random.seed(seed)
    lost: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        whole, span = Path(folder, "whole"), 0.0
        for name in ("first", "second"):  # which compiles nothing
            start, path = time.perf_counter(), Path(folder, name)
            assert ended_well(child(lambda p=path: whole.write_bytes(bits(fit(p, WIDTH)))))
            span = time.perf_counter() - start
        expected = whole.read_bytes()
        done = trainings = amid = 0
        progress = tqdm(total=count, desc="kills", mininterval=5)
        while done < count:
            path = Path(folder, str(trainings), "c.gn")
            path.parent.mkdir()
            trainings += 1
            while done < count and killed(path, random.random() * span):
                done += 1
                progress.update()
                seen = path.with_name("seen")
                least = int(seen.read_text()) if seen.exists() else 0
                amid += any(path.parent.glob(".*.part"))
                if not ended_well(child(lambda p=path, n=least: require_whole(p, n))):
                    lost.append(f"kill {done}: the checkpoint is not whole")
            if not ended_well(child(lambda p=path: require_same(p, expected))):
                lost.append(f"training {trainings}: other bits")
    print(f"{done} kills in {trainings} trainings of {span:.2f} s; {amid} while a file was written")
    return lost
