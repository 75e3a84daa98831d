"""Reference cases of Torch7 nngraph run through graphnet: ``golden_runner.py [--compiled] FOLDER…``."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))  # the root, so that tests is a package
    from tests.golden_support import runner

    sys.exit(runner.main(sys.argv[1:]) if sys.argv[1:] else runner.__doc__)
