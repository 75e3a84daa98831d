"""BiSequencerLM: each step predicted from the steps before it and those after it."""

from __future__ import annotations

from typing import Any

from graphnet.errors import ShapeError
from graphnet.graph import GModule, Module, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.values import table
from graphnet.nn.element_research.sequencer import Sequencer, StepMerge
from graphnet.nn.layers.tables import JoinTable
from graphnet.ops import concatenate, zeros


@checked
def BiSequencerLM(
    forward: Module, backward: Module | None = None, merge: Module | int | None = None
) -> GModule:
    """Two one-step modules over a sequence, of which neither sees the step that it is merged at.

    The forward module runs over all steps but the last, the backward one from the last to the
    second; at step t the outputs of step t - 1 forward and of t + 1 backward are merged, zeros
    where there is none. A sequence is what ``Sequencer`` takes; so is the output. ``backward`` is a
    clone of ``forward`` by default. ``merge`` takes the table of both outputs, and joins them along
    the last axis by default; a number is that of axes of a step without the batch, whose first is
    joined. Element-Research rnn's BiSequencerLM.lua. Errors are those of ``Sequencer``; ShapeError
    for a sequence of one step.
    """
    steps = input("steps")
    forwards = Sequencer(forward)(StepsBetween(0, 1)(steps))
    backwards = Sequencer(backward or forward.clone(), reverse=True)(StepsBetween(1, 0)(steps))
    before = StepsPadded(1, 0)([steps, forwards])
    after = StepsPadded(0, 1)([steps, backwards])
    return GModule([steps], [StepMerge(merger(merge))([steps, before, after])])


def merger(merge: Module | int | None) -> Module:
    """The module that merges two outputs of a step."""
    if isinstance(merge, Module):
        return merge
    return JoinTable(-1) if merge is None else JoinTable(0, merge)


class StepsBetween(Module):
    """A sequence without its first ``start`` and its last ``stop`` steps.

    (steps, …) to (steps - start - stop, …), or a table of steps. Raises ShapeError unless there are
    at least two steps.
    """

    def __init__(self, start: int, stop: int) -> None:
        self.start = start
        self.stop = stop

    def compute(self, input: Any) -> Any:
        is_sequence = table.is_table(input) or bool(input.ndim)
        count = (len(input) if table.is_table(input) else input.shape[0]) if is_sequence else 0
        if count < 2:
            raise ShapeError(
                f"receives {table.describe(input)}, expected a sequence of at least 2 steps"
            )
        return input[self.start : count - self.stop]


class StepsPadded(Module):
    """[sequence, outputs] to the outputs with steps of zeros in front and behind.

    The sequence says what outputs are: a table of steps, or else arrays (steps, …).
    """

    def __init__(self, before: int, after: int) -> None:
        self.before = before
        self.after = after

    def compute(self, input: Any) -> Any:
        sequence, outputs = input
        if not table.is_table(sequence):
            return table.map_table(self._padded, outputs)
        nothing = table.map_table(lambda leaf: zeros(leaf.shape, leaf.dtype), outputs[0])
        return [*[nothing] * self.before, *outputs, *[nothing] * self.after]

    def _padded(self, array: Any) -> Any:
        ends = [zeros((n, *array.shape[1:]), array.dtype) for n in (self.before, self.after)]
        return concatenate([part for part in (ends[0], array, ends[1]) if part.shape[0]], 0)
