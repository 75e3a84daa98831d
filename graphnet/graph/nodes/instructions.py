"""Where in the source the instructions of a code are, and which names they use there."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dis import EXTENDED_ARG, hasfree, haslocal, hasname, opname
from types import CodeType

from graphnet.graph.nodes.targets import Word

Place = tuple[int | None, int | None, int | None, int | None]
"""Line, last line, column, last column; None for what is not known."""

End = tuple[int | None, int | None]
"""A line and a column; None for any."""

CELLS_FOLLOW = sys.version_info >= (3, 11)
"""Whether the variables of inner functions are numbered after the plain ones."""

SHIFTS = {
    "LOAD_GLOBAL": int(sys.version_info >= (3, 11)),
    "LOAD_ATTR": int(sys.version_info >= (3, 12)),
    "LOAD_SUPER_ATTR": 2,
}
"""By how many bits an argument is shifted, by the instruction: the lowest say something else."""

NAMES, LOCALS, FREE = range(3)


def kinds() -> dict[int, tuple[int, int]]:
    """For instructions that load or store: which table the name is in, and by how much to shift."""
    found = {}
    for table, numbers in ((NAMES, hasname), (LOCALS, haslocal), (FREE, hasfree)):
        for number in numbers:
            name = opname[number]
            if name.startswith(("LOAD_", "STORE_")):
                shift = 4 if name.count("_FAST") > 1 else SHIFTS.get(name, 0)  # of two variables
                found[number] = table, shift
    return found


KINDS = kinds()
PAIR = opname.index("STORE_FAST_STORE_FAST") if "STORE_FAST_STORE_FAST" in opname else -1


class Instructions:
    """What a code tells of its source; final."""

    def __init__(self, code: CodeType) -> None:
        self.code = code
        self.places = places(code)
        self._used: dict[End, list[str]] = {}
        plain = code.co_varnames
        cells = (*code.co_cellvars, *code.co_freevars)
        if CELLS_FOLLOW:
            cells = plain = (*plain, *(name for name in cells if name not in plain))
        self._read(code.co_code, (code.co_names, plain, cells))

    def _read(self, code: bytes, tables: Sequence[Sequence[str]]) -> None:
        """Note each name under the end of its place, or under its line."""
        high, find = 0, KINDS.get
        for number, argument, place in zip(code[::2], code[1::2], self.places, strict=True):
            if number == EXTENDED_ARG:
                high = (high | argument) << 8
                continue
            kind = find(number)
            if kind is not None:
                table, shift = kind
                argument |= high
                end = (place[0] if place[3] is None else place[1]), place[3]
                argument, second = argument >> shift, argument & 15
                self._note(end, tables[table][argument : argument + 1])
                if number == PAIR:  # the second has no place of its own
                    self._note((place[0], None), tables[table][second : second + 1])
            high = 0

    def _note(self, end: End, names: Sequence[str]) -> None:
        self._used.setdefault(end, []).extend(names)

    def uses(self, words: Iterable[Word]) -> bool:
        """Whether names stood there when the code was compiled; in this order on the lines."""
        on_lines: dict[int, Iterator[str]] = {}
        for word in words:
            found: Iterable[str] | None = self._used.get((word.line, word.column))
            if found is None:
                some = self._used.get((word.line, None), [])
                found = on_lines.setdefault(word.line, iter(some))
            if word.name not in found:
                return False
        return True

    def is_stored(self, instruction: int) -> bool:
        """Whether what the instruction at this offset makes goes to a variable or the caller."""
        following = self.code.co_code[instruction + 2 : instruction + 64 : 2]  # caches are shorter
        names = (opname[number] for number in following if number != EXTENDED_ARG)
        name = next((name for name in names if name != "CACHE"), "")
        return name.startswith(("STORE_", "RETURN_", "UNPACK_", "DUP_TOP", "COPY"))


if sys.version_info >= (3, 11):

    def places(code: CodeType) -> list[Place]:
        """The place of each instruction."""
        return list(code.co_positions())

else:

    def places(code: CodeType) -> list[Place]:
        """The place of each instruction: only the line is known."""
        return [
            (line, None, None, None)
            for start, end, line in code.co_lines()
            for _ in range(start, end, 2)
        ]
