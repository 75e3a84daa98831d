"""A folder of its own for object code."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRAPHNET_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"
