"""Two processes write one checkpoint, and one entry of the cache, at once: readers see whole ones."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
from tqdm import tqdm

import graphnet as gn
from graphnet import nn
from graphnet.graph.files.save_load import read
from graphnet.native.llvm import object_cache
from tests.faults.processes import child, ended_well

SIZE = 60_000
KEY = object_cache.key("one entry")
FILES = 20


def write_checkpoints(path: Path, writer: int, count: int) -> None:
    """Files in which every number is the writer's."""
    net = nn.Linear(SIZE // 2, 2)
    for round in range(count):
        for parameter in net.parameters():
            parameter[...] = writer
        gn.save(net, path, notes={"writer": writer, "round": round})


def code_of(writer: int) -> bytes:
    return bytes([writer]) * SIZE


def write_entries(writer: int, count: int) -> None:
    for _ in range(count):
        object_cache.keep(KEY, code_of(writer))


def require_checkpoint(path: Path) -> None:
    stored = read(path)
    for parameter in stored.module.parameters():
        assert (parameter.data == stored.notes["writer"]).all(), "of two writers"
    assert np.isfinite(stored.notes["round"])


def require_entry() -> bool:
    code = object_cache.found(KEY)
    assert code in (None, code_of(1), code_of(2)), "an entry of two writers"
    return code is not None


def campaign(count: int, seed: int) -> list[str]:
    """``count`` files and entries by each writer."""
    lost: list[str] = []
    reads = entries = 0
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GRAPHNET_CACHE"] = str(Path(folder, "cache"))
        path = Path(folder, "c.gn")
        write_checkpoints(path, 1, 1)

        def write(writer: int) -> None:
            for _ in tqdm(range(count), f"writer {writer}", mininterval=5):
                write_checkpoints(path, writer, 1)
                write_entries(writer, 5)

        writers = [child(lambda w=writer: write(w)) for writer in (1, 2)]
        while writers:
            try:
                require_checkpoint(path)
                reads += 1
                entries += require_entry()
            except Exception as error:
                lost.append(f"read {reads}: {type(error).__name__}: {error}")
            for number in list(writers):
                found, status = os.waitpid(number, os.WNOHANG)
                if found:
                    writers.remove(number)
                    lost += [f"a writer ends with {status}"] if status else []
        left = [p.name for p in Path(folder).rglob("*.part")]
        lost += [f"left behind: {left}"] if left else []
        assert ended_well(child(lambda: require_checkpoint(path)))
    print(f"{reads} checkpoints and {entries} entries read while two processes wrote them")
    return lost
