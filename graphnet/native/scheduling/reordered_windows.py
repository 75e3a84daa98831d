"""Windows of an array laid out anew: neighbours in memory are what neighbouring columns read.

The gradient of filters is a product over windows whose columns are (channels, rows, columns of the
filter): three or five neighbours, then a jump. With the channels last in a copy of the images, not
of their windows, all channels of a place are neighbours.
"""

from __future__ import annotations

from dataclasses import replace

from graphnet.ir.core.program import Atom, Equation
from graphnet.ir.core.types import ArrayType
from graphnet.ir.primitives.contraction import Labels
from graphnet.ir.primitives.windows import windows
from graphnet.native.analysis.strided_view import StridedView
from graphnet.native.lowering.contraction import ordered
from graphnet.native.scheduling.schedule import Scheduler

LONG = 8
"""So many neighbours are copied at once anyway."""


def with_neighbours(
    scheduler: Scheduler, right: Atom, labels: Labels
) -> tuple[StridedView, Labels] | None:
    """The right operand and its axes in another order; None where nothing is gained.

    The axis of the array that is put last is one of the columns and no axis of the windows.
    """
    maker = windows_behind(scheduler, right)
    place = scheduler.at(right)
    if maker is None or not labels.columns:
        return None
    sizes = dict(zip(labels.right, place.type.shape, strict=True))
    source = scheduler.at(maker.inputs[0])
    own = labels.right[: len(source.type.shape)]
    slid = {own[axis] for axis in maker.settings["axes"]}
    free = [letter for letter in own if letter in labels.columns and letter not in slid]
    if sizes[labels.columns[-1]] >= LONG or not free:
        return None
    last = max(free, key=lambda letter: sizes[letter])
    if sizes[last] < LONG:
        return None
    order = own.replace(last, "") + last
    copy = scheduler.copied(ordered(source, own, order))
    settings = {
        **maker.settings,
        "axes": tuple(order.index(own[a]) for a in maker.settings["axes"]),
    }
    letters = order + labels.right[len(own) :]
    type = ArrayType(tuple(sizes[letter] for letter in letters), place.type.dtype)
    return copy.in_windows(type=type, **settings), replace(
        labels, right=letters, result=labels.result.replace(last, "") + last
    )


def windows_behind(scheduler: Scheduler, atom: Atom) -> Equation | None:
    """The equation that makes a value, if it makes windows."""
    found = next((e for e in scheduler.program.equations if atom in e.outputs), None)
    return found if found is not None and found.primitive is windows else None
