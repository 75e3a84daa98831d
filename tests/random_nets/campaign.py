"""Campaigns: nets of one seed after another; what fails is made small, and printed as code."""

from __future__ import annotations

import gc
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tqdm import tqdm

from tests.random_nets.choices import Choices, made_small, replayed, seeded

Draw = Callable[[Choices], str]
Check = Callable[[str], list[str]]
"""What is wrong with the net that some code makes."""

RUN = """
from tests.random_nets.compare import seeds_for

run = net.compile().run(inputs, **named, **settings)
run.backward(seeds_for(run.outputs))
"""
"""What runs the code of a net, for whoever looks into a failure."""


@dataclass
class Campaign:
    """``draw`` makes the code of a net; ``check`` chooses by the seed what is compared."""

    name: str
    draw: Draw
    check: Callable[[int], Check]
    tries: int = 600
    """How often a failure is tried to be made smaller."""
    counts: Counter[str] = field(default_factory=Counter)
    kinds: dict[str, list[int]] = field(default_factory=dict)
    """The seeds of the failures, by what they have in common."""

    def run(self, seeds: Iterable[int]) -> None:
        for seed in tqdm(seeds, self.name, smoothing=0.01, mininterval=5):
            choices = seeded(seed)
            check = self.check(seed)
            wrong = faults(self.draw(choices), check)
            self.counts["compared"] += 1
            if wrong:
                self.counts["failed"] += 1
                self.report(seed, choices, wrong, check)
            if self.counts["compared"] % 50 == 0:
                gc.collect()

    def report(self, seed: int, choices: Choices, wrong: list[str], check: Check) -> None:
        """The first failure of each kind is made small."""
        kind = kind_of(wrong[0])
        self.kinds.setdefault(kind, []).append(seed)
        tqdm.write(f"{self.name}, seed {seed}: {wrong[0]}")
        if len(self.kinds[kind]) > 1:
            return

        def fails(numbers: list[int]) -> bool:
            found = faults(self.draw(replayed(numbers)), check)
            return bool(found) and kind_of(found[0]) == kind

        small = self.draw(replayed(made_small(choices.made, fails, self.tries)))
        tqdm.write(f"{small}{RUN}# {'; '.join(faults(small, check)[:3])}\n")

    def summary(self) -> str:
        lines = [f"{self.name}: {self.counts['compared']} compared, {self.counts['failed']} failed"]
        lines += [f"  {len(seeds)} × {kind}: {seeds[:5]}" for kind, seeds in self.kinds.items()]
        return "\n".join(lines)


def faults(code: str, check: Check) -> list[str]:
    """What a check finds, or the error that it ends with."""
    try:
        return check(code)
    except Exception as error:
        return [f"{type(error).__name__}: {error}"]


def kind_of(fault: str) -> str:
    """What failures have in common: their first line without numbers, names and what follows."""
    return re.sub(r"[\d.e+-]*\d+", "#", fault.splitlines()[0])[:60].partition(" of ")[0]
