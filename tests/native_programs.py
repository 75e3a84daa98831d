"""Random array programs, compiled and compared with the interpreter: ``native_programs.py --help``."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))  # the root, so that tests is a package
    from tests.random_programs.campaign import main

    sys.exit(main())
