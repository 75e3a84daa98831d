"""Results held and dropped in any order by several threads: ``held_results.py --rounds 100000``."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))  # the root, so that tests is a package
    from tests.support.held_results import main

    sys.exit(main())
