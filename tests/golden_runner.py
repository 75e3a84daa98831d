"""Reference cases of Torch7 nngraph run through graphnet: ``golden_runner.py FOLDER…``.

Prints a line for each case that differs, then how many passed, failed and were skipped, and why.
Leaves with status 1 if one failed.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path


def main(folders: Sequence[str]) -> int:
    from tests.golden_build import Skip
    from tests.golden_cases import cases, run_case

    passed = failed = 0
    skipped: Counter[str] = Counter()
    for folder in map(Path, folders):
        for case in cases(folder):
            try:
                differences = run_case(case)
            except Skip as reason:
                skipped[str(reason)] += 1
                continue
            except Exception as error:
                differences = [f"{type(error).__name__}: {error}"]
            passed += not differences
            failed += bool(differences)
            if differences:
                more = f" (and {len(differences) - 1} more)" if len(differences) > 1 else ""
                print(f"{folder.name}/{case.name}: {differences[0]}{more}")
    for reason, count in skipped.most_common():
        print(f"skipped {count}: {reason}")
    print(f"{passed} passed, {failed} failed, {skipped.total()} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))  # the root, so that tests is a package
    sys.exit(main(sys.argv[1:]) if sys.argv[1:] else __doc__)
