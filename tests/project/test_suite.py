"""The suite itself: it runs without pytest-xdist, and without PyTorch skips what compares with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT, TESTS

ROW = "tests/nn/test_modules.py::test_pytorch_agrees[Abs]"
OTHER = "tests/nn/test_modules.py::test_gradients[Abs]"
WITHOUT_TORCH = "import sys\nsys.modules['torch'] = None\n"


def suite(code: str, *arguments: str) -> str:
    """What pytest prints in a process that runs this code first."""
    options = ["-q", "-p", "no:cacheprovider", *arguments]
    command = f"{code}\nimport pytest\nraise SystemExit(pytest.main({options}))"
    result = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, cwd=ROOT
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_the_options_are_those_of_pytest_alone() -> None:
    assert "1 passed" in suite("", "-p", "no:xdist", OTHER)


def test_without_pytorch_what_compares_with_it_is_skipped_and_says_why() -> None:
    printed = suite(WITHOUT_TORCH, "-rs", ROW, OTHER)
    assert "1 passed, 1 skipped" in printed
    assert "PyTorch is not installed: nothing to compare with" in printed


HANGS = "import threading\n\n\ndef test_it() -> None:\n    threading.Event().wait()\n"


def test_a_test_that_hangs_fails_and_shows_where(
    pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    assert float(pytestconfig.getini("timeout")) > 0
    (tmp_path / "test_hanging.py").write_text(HANGS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null"]
    result = subprocess.run(
        [*command, "--timeout", "0.5", "test_hanging.py"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert result.returncode == 1, result.stderr
    assert "threading.Event().wait()" in result.stdout
    assert "Timeout (>0.5s)" in result.stdout


def test_only_the_oracle_imports_pytorch() -> None:
    found = {
        str(path.relative_to(TESTS))
        for path in TESTS.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip().startswith(("import torch", "from torch"))
    }
    assert found == {"support/oracle.py"}
