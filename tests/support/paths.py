"""Folders of the checkout."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
GOLDEN = TESTS / "golden"
"""Reference cases computed by Torch7 nngraph."""
FILES = TESTS / "files"
VERSION_1 = FILES / "version_1.gn"
"""A file of the first version."""
