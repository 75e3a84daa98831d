"""Random cells and graphs in thousands: ``python tests/random_cells.py --cells 20000 --seed 0``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))  # the root, so that tests is a package
    os.environ.setdefault("GRAPHNET_CACHE", "off")  # nearly every kernel is another one
    from tests.random_nets.main import main

    sys.exit(main())
