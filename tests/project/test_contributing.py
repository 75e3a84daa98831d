"""The recipes of CONTRIBUTING.md name files and functions that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
FILES = sorted(set(re.findall(r"\b(?:graphnet|tests|docs)(?:/\w+)+(?:\.\w+)?", TEXT)))
EXAMPLES = {
    "LayerNorm": ("graphnet/nn/layers/normalization.py", "class LayerNorm("),
    "gru_cell": ("graphnet/nn/cells/gru.py", "def gru_cell("),
    "FILES": ("graphnet/nn/cells/__init__.py", "FILES = ("),
    "VARIANTS": ("graphnet/nn/cells/__init__.py", "VARIANTS: "),
    "ROWS": ("tests/nn/cells/test_cells.py", "ROWS = {"),
    "join_totals": ("graphnet/native/passes/algebra/slice_sums.py", "def join_totals("),
    "PASSES": ("graphnet/native/passes/__init__.py", "PASSES: "),
    "take": ("graphnet/native/codegen/gather_scatter.py", "def emit_take("),
    "Kernels": ("graphnet/native/codegen/kernel_cache.py", "class Kernels"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_named_is_there(name: str) -> None:
    assert (ROOT / name).exists()


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_where_it_is_said_to_be(name: str) -> None:
    path, statement = EXAMPLES[name]
    assert f"`{name}`" in TEXT
    assert path in FILES
    assert statement in (ROOT / path).read_text(encoding="utf-8")


def test_five_recipes() -> None:
    assert len(re.findall(r"^## An? \w+: `", TEXT, re.MULTILINE)) == 5
