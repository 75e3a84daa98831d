"""What a sequence costs: programs whose size does not depend on T, memory by a written formula."""

from __future__ import annotations

import gc
import tracemalloc

import numpy as np
import pytest

from graphnet import nn
from graphnet.graph.inspection.executed import executed
from graphnet.graph.tracing.traced import trace_module
from graphnet.graph.values.selection import Selection
from graphnet.ir import Program
from tests.support.cells import OF_EACH_KIND
from tests.support.recurrent_loops import HIDDEN, INPUTS

BATCH, WIDE_INPUTS, WIDE = 8, 12, 16
DOUBLE = 8


def step_bytes(batch: int, inputs: int, hidden: int) -> int:
    """What backward needs of one step of ``lstm_cell``, in float64: 8 B (7 H + I) bytes.

    x; prev_c and prev_h, which the products of the forget gate and of U are by; i, f, o and g,
    from which the slopes of σ and tanh follow; and tanh(c'). The sums before the gates, c', h' and
    the two products of c' are not kept.
    """
    return DOUBLE * batch * (7 * hidden + inputs)


def constant_bytes(inputs: int, hidden: int) -> int:
    """What does not grow: the four W, by which the gradient of x is, and the four U."""
    return DOUBLE * 4 * hidden * (inputs + hidden)


def training_net() -> nn.Recurrent:
    net = nn.Recurrent(nn.lstm_cell(WIDE_INPUTS, WIDE))
    net.flatten_parameters()
    return net


@pytest.mark.parametrize("steps", [50, 500])
@pytest.mark.parametrize(("inputs", "hidden", "batch"), [(12, 16, 8), (3, 5, 4), (20, 4, 1)])
def test_what_is_kept_for_backward_is_the_formula(
    steps: int, inputs: int, hidden: int, batch: int
) -> None:
    run = nn.Recurrent(nn.lstm_cell(inputs, hidden)).run(np.zeros((steps, batch, inputs)))
    residuals = executed(run).residuals
    assert residuals is not None
    found = sum(array.nbytes for array in residuals)
    expected = steps * step_bytes(batch, inputs, hidden) + constant_bytes(inputs, hidden)
    assert found == expected
    distinct = {array.__array_interface__["data"][0] for array in residuals if array.size}
    assert len(distinct) == len(residuals)  # nothing is counted, or kept, twice


def measured(steps: int) -> tuple[int, int]:
    """Bytes held between forward and backward, and the peak of the whole training step."""
    net, xs = training_net(), np.ones((steps, BATCH, WIDE_INPUTS))
    seeds = [np.ones((steps, BATCH, WIDE)), None, None]
    net.run(xs, keep=False).backward(seeds)  # traces, and makes what is made once
    gc.collect()
    tracemalloc.start()
    try:
        run = net.run(xs, keep=False)
        held = tracemalloc.get_traced_memory()[0]
        run.backward(seeds)
        return held, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_grows_with_the_steps_as_the_formula_says() -> None:
    """Between forward and backward a run holds the residuals, the outputs, and a copy of them that
    it hands out: 8 B (9 H + I) a step. During backward there are also the gradient that is given,
    the gradient of the input and the copy of it that is handed out: 8 B (10 H + 3 I) a step.

    The slack is 2 percent for growth, and 64 KiB for what does not grow (weights, one step).
    """
    small, large = measured(50), measured(500)
    per_step = [
        step_bytes(BATCH, WIDE_INPUTS, WIDE) + DOUBLE * BATCH * more
        for more in (2 * WIDE, 3 * WIDE + 2 * WIDE_INPUTS)
    ]
    for before, after, expected in zip(small, large, per_step, strict=True):
        assert (after - before) / 450 == pytest.approx(expected, rel=0.02)
        assert 500 * expected <= after <= 500 * expected + 65536


def test_evaluation_keeps_nothing_for_backward() -> None:
    net = training_net().evaluate()
    run = net.run(np.ones((50, BATCH, WIDE_INPUTS)), keep=False)
    assert executed(run).residuals is None


def count(program: Program) -> int:
    """Equations of a program and of all bodies inside."""
    return len(program.equations) + sum(
        count(body) for equation in program.equations for body in equation.bodies()
    )


def program_sizes(net: nn.Recurrent, steps: int, wanted: Selection) -> list[int]:
    """Equations of all programs of a run of so many steps, which is traced and not executed."""
    structure_of = executed(net.run(np.ones((2, 2, INPUTS)), keep=False)).traced.input_structure
    xs = np.broadcast_to(np.zeros(()), (steps, 2, INPUTS))
    traced = trace_module(net, structure_of, [xs], wanted)
    derivative = traced.differentiated()
    return [count(p) for p in (traced.program, derivative.forward, derivative.backward)]


WANTED = [Selection(keep=False), Selection(keep=True, trace=True, weights=True)]


@pytest.mark.parametrize("options", [{}, {"reverse": True, "truncate": 3}], ids=["plain", "cut"])
@pytest.mark.parametrize("wanted", WANTED, ids=["plain", "traced"])
@pytest.mark.parametrize("name", OF_EACH_KIND)
def test_a_program_does_not_grow_with_the_steps(
    name: str, wanted: Selection, options: dict[str, bool | int]
) -> None:
    net = nn.Recurrent(nn.CELLS[name](INPUTS, HIDDEN), **options)  # type: ignore[arg-type]
    few = program_sizes(net, 5, wanted)
    assert few == program_sizes(net, 5000, wanted)
    assert min(few) > 0
