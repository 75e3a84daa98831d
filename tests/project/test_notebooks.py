"""The notebooks of the examples run in IPython, show pictures, and are stored without outputs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from graphnet.source import short_name
from tests.support.drawings import renderers_of
from tests.support.notebooks import checked_html, checked_svg
from tests.support.paths import ROOT, TESTS

RUNNER = TESTS / "support" / "notebook_runner.py"
NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))
by_name = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
needs_ipython = pytest.mark.skipif(
    find_spec("IPython") is None, reason="IPython is not installed: pip install 'graphnet[test]'"
)


def ran(path: Path, folder: Path) -> list[dict[str, Any]]:
    """What each cell of code said and showed, run in a folder of its own."""
    report = folder / "report.json"
    result = subprocess.run(
        [sys.executable, str(RUNNER), str(path), str(report)],
        capture_output=True, text=True, check=False, cwd=folder,
        env=os.environ | {"IPYTHONDIR": str(folder), "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    told: list[dict[str, Any]] = json.loads(report.read_text(encoding="utf-8"))
    return told


def written(folder: Path, *cells: str) -> Path:
    """A notebook with these cells of code."""
    path = folder / "small.ipynb"
    path.write_text(json.dumps({"cells": [{"cell_type": "code", "source": c} for c in cells]}))
    return path


NEEDED = {
    "torch": ("import torch", "PyTorch is not installed: nothing to compare with"),
    "llvmlite": ("compile", "llvmlite is not installed: nothing to compile with"),
}
"""Packages that some notebooks need, how these are known, and why they are skipped."""


@needs_ipython
@by_name
def test_a_notebook_runs_and_shows_what_it_talks_about(path: Path, tmp_path: Path) -> None:
    for package, (used, why) in NEEDED.items():
        if used in path.read_text(encoding="utf-8") and find_spec(package) is None:
            pytest.skip(why)
    told = ran(path, tmp_path)
    said = "".join(cell["said"] for cell in told)
    assert "Warning" not in said
    assert "Traceback" not in said
    shown = [data for cell in told for data in cell["shown"]]
    tables = [checked_html(data["text/html"]) for data in shown if "text/html" in data]
    pictures = [checked_svg(data["image/svg+xml"]) for data in shown if "image/svg+xml" in data]
    assert len(tables) >= 2
    assert len(pictures) >= 3 or not renderers_of("svg")


@needs_ipython
def test_a_notebook_that_fails_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        ran(written(tmp_path, "one = 1", "one / 0"), tmp_path)


MISTAKE = """
try:
    net.forward(np.ones(2))
except gn.GraphnetError as error:
    print(error)
"""


@needs_ipython
def test_an_error_names_the_cell_that_made_the_node(tmp_path: Path) -> None:
    made = "x = gn.input()\nnet = gn.GModule(x, nn.Linear(3, 2)(x))"
    cells = ["import numpy as np, graphnet as gn\nfrom graphnet import nn", made, MISTAKE]
    said = ran(written(tmp_path, *cells), tmp_path)[-1]["said"]
    assert "'linear' (In[2]:2) expects" in said


def test_a_file_of_ipython_that_is_no_cell_keeps_its_name() -> None:
    assert short_name("/tmp/ipykernel_12/345.py") == "345.py"


# ---- as they are stored


@by_name
def test_a_notebook_is_stored_without_outputs(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    notebook = json.loads(text)
    assert text == json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"  # as Jupyter writes it
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert notebook["metadata"]["language_info"] == {"name": "python"}
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    for cell in notebook["cells"]:
        assert cell["metadata"] == {}
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)


@by_name
def test_prose_and_cells_are_short(path: Path) -> None:
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        assert len(cell["source"]) <= (24 if cell["cell_type"] == "code" else 20)
