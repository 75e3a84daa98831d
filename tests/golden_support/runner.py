"""Reference cases of Torch7 nngraph run through graphnet: ``python tests/golden_runner.py [--compiled] FOLDER…``.

With ``--compiled`` every net runs as machine code. Prints a line for each case that differs, then how many passed, failed and were skipped, and why.
Leaves with status 1 if one failed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from graphnet.graph import Module
from tests.golden_support.cases import cases, run_case
from tests.golden_support.skip import Skip


@contextmanager
def every_net_compiled() -> Iterator[None]:
    """Every net is as after ``net.compile()``, also those that a case makes inside."""
    Module.is_compiled = True
    try:
        yield
    finally:
        Module.is_compiled = False


def main(arguments: Sequence[str]) -> int:
    folders = [argument for argument in arguments if argument != "--compiled"]
    with every_net_compiled() if len(folders) < len(arguments) else nullcontext():
        return run_folders(folders)


def run_folders(folders: Sequence[str]) -> int:
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
