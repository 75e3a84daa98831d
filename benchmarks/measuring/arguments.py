"""Arguments that the benchmarks share, with errors that say what would do."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from typing import Any

from measuring.turns import ROUND_SECONDS


def at_least(least: int) -> Callable[[str], int]:
    """A converter for argparse: whole numbers from ``least`` on."""

    def number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None
        if value < least:
            raise argparse.ArgumentTypeError(f"{value} is less than {least}")
        return value

    return number


def one_of(names: Any, convert: Callable[[str], str] = str) -> Callable[[str], str]:
    """A converter for argparse: one of these names, which an error lists."""

    def name(text: str) -> str:
        found = convert(text)
        if found not in names:
            raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(names)}")
        return found

    return name


def parser_of(documentation: str | None) -> argparse.ArgumentParser:
    """A parser that shows a module's docstring as it is written."""
    return argparse.ArgumentParser(
        description=documentation, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def default_threads() -> int:
    return min(2, os.cpu_count() or 1)


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--json", nargs="?", const="-", metavar="FILE",
        help="all numbers, of each round or process too; without FILE to the standard output",
    )  # fmt: skip


def add_timing(parser: argparse.ArgumentParser, rounds: int) -> None:
    """``--rounds``, ``--threads``, ``--quick`` and ``--json``."""
    parser.add_argument(
        "--rounds", type=at_least(1), default=rounds, metavar="N",
        help=f"paired rounds; the figures are their medians and quartiles (default {rounds})",
    )  # fmt: skip
    parser.add_argument(
        "--threads", type=at_least(1), default=default_threads(), metavar="N",
        help="threads of every side; fewer than the cores also pins the process to as many "
        f"(default {default_threads()})",
    )  # fmt: skip
    parser.add_argument(
        "--quick", action="store_true",
        help="small shapes and two short rounds: shows that all works, and no figure that counts",
    )  # fmt: skip
    add_json(parser)


def rounds_of(options: argparse.Namespace) -> tuple[int, float]:
    """How many rounds, and how many seconds each side's turn lasts at least."""
    return (2, 0.002) if options.quick else (options.rounds, ROUND_SECONDS)
