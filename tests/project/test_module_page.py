"""The page of all modules in the documentation: every module, with the names that PyTorch has."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from graphnet import nn
from tests.support.oracle import torch

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The file that writes the page."""
    monkeypatch.syspath_prepend(str(DOCS))
    import module_page

    yield module_page
    for name in ("module_page", "reference"):
        sys.modules.pop(name, None)


def test_every_module_is_on_the_page(page: Any) -> None:
    named = [name for _, names in page.groups() for name in names]
    modules = [name for name in nn.__all__ if page.is_module(getattr(nn, name))]
    assert sorted(named) == sorted(modules)


def test_names_that_are_the_same_in_pytorch(page: Any) -> None:
    modules = {name for name in nn.__all__ if page.is_module(getattr(nn, name))}
    assert {name for name in modules if hasattr(torch.nn, name)} == page.SAME_IN_PYTORCH


def test_a_section_has_names_shapes_and_a_picture(page: Any, tmp_path: Path) -> None:
    text = page.section("LookupTable", tmp_path)
    assert "nn.LookupTable(count: int, size: int" in text
    assert "Torch: ``nn.LookupTable``. PyTorch: ``torch.nn.Embedding``." in text
    assert "(…) to (…, size)" in text
    assert (tmp_path / "LookupTable.svg").read_text(encoding="utf-8").count("<svg") == 1
