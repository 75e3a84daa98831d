"""Rows of figures as text: lines while a benchmark runs, and Markdown at the end."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import geometric_mean
from typing import Any


def figure(value: float) -> str:
    """Three digits that count: 0.123, 1.23, 12.3, 1,234."""
    if not math.isfinite(value):
        return "—"
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}"


def ratio_text(row: dict[str, Any]) -> str:
    """``1.23 (1.20 to 1.31)``, or why there is none."""
    if "ratio" not in row:
        return "differs" if "refused" in row else "—"
    low, middle, high = (figure(row[name]) for name in ("ratio_low", "ratio", "ratio_high"))
    return f"{middle} ({low} to {high})"


def markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def facts_line(facts: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in facts.items())


def geometric_mean_text(rows: Iterable[dict[str, Any]]) -> str:
    ratios = [row["ratio"] for row in rows if "ratio" in row]
    return figure(geometric_mean(ratios)) if ratios else "—"


def finish(target: str | None, facts: dict[str, Any], rows: Sequence[dict[str, Any]]) -> None:
    """Write all numbers where ``--json`` says; the exit is 1 where a row failed or was refused."""
    text = json.dumps(facts | {"results": rows}, indent=1)
    if target == "-":
        print(text)
    elif target:
        Path(target).write_text(text + "\n", encoding="utf-8")
    if any("failed" in row or "refused" in row for row in rows):
        sys.exit(1)
