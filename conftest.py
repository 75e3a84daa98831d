"""Doctests write their files into a folder of their own."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def doctest_folder(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if isinstance(request.node, pytest.DoctestItem):
        monkeypatch.chdir(tmp_path)
