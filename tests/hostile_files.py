"""Mutants of every kind of file, read one after the other: ``hostile_files.py --help``."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))  # the root, so that tests is a package
    from tests.hostile.campaign import main

    main()
