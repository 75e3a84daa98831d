"""How many threads compute."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest.importorskip("llvmlite")

from graphnet.errors import GraphnetError
from graphnet.native.runtime import thread_count


def test_the_number_of_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread_count, "chosen", None)
    monkeypatch.delenv("GRAPHNET_THREADS", raising=False)
    assert 1 <= thread_count.threads() <= (os.cpu_count() or 1)
    monkeypatch.setenv("GRAPHNET_THREADS", "3")
    assert thread_count.threads() == 3
    thread_count.set_threads(2)
    assert thread_count.threads() == 2
    file = tmp_path / "cpu.max"
    for content, count in (("150000 100000", 2), ("max 100000", 1 << 30), ("", 1 << 30)):
        file.write_text(content)
        assert thread_count.quota(file) == count


@pytest.mark.parametrize("wrong", ["0", "-1", "two", "1.5", "100000"])
def test_wrong_numbers_of_threads(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread_count, "chosen", None)
    monkeypatch.setenv("GRAPHNET_THREADS", wrong)
    with pytest.raises(GraphnetError, match="GRAPHNET_THREADS asks for"):
        thread_count.threads()
