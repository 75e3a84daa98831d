"""Passes and sizes: another number of steps or of rows gives a program of the same structure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.graph.running.loss import Loss
from graphnet.graph.running.step_program import step_program
from graphnet.graph.tracing.traced import trace_module
from graphnet.graph.values import table
from graphnet.graph.values.selection import NOTHING
from graphnet.ir import Program
from graphnet.ir.core.program import Atom, is_var
from graphnet.native import optimised
from graphnet.native.analysis.rewrite import producers, uniform_value
from tests.support.cells import OF_EACH_KIND

SHAPES = [(2, 2), (3, 7), (20, 50), (128, 5)]
"""Steps and rows; 7 is the hidden size too, 5 the size of the input."""

SIZES = [(5, 7), (64, 128)]


def structure(program: Program) -> list[Any]:
    """What equations of a program read and do, without shapes. An array of one number in all
    places counts as that number: which of them have the same shape is chance."""
    made = producers(program.equations)
    names: dict[Atom, str] = {var: f"input {i}" for i, var in enumerate(program.inputs)}

    def name(atom: Atom) -> str:
        if uniform_value(atom, made) is not None or not is_var(atom):
            return "numbers"
        return names[atom]

    lines: list[Any] = []
    for equation in program.equations:
        if uniform_value(equation.outputs[0], made) is not None:
            continue
        for i, var in enumerate(equation.outputs):
            names[var] = f"{len(lines)}.{i}"
        settings = equation.settings
        kept = {k: settings[k] for k in ("axis", "axes", "keepdims", "carried") if k in settings}
        inside = [structure(body) for body in equation.bodies()]
        lines.append((equation.primitive.name, *map(name, equation.inputs), str(kept), inside))
    return [*lines, list(map(name, program.outputs))]


def layer_programs(
    name: str, sizes: tuple[int, int], shape: tuple[int, int], lengths: bool
) -> dict[str, Program]:
    """Of a layer: forward, backward, and the program of a whole training step."""
    net = nn.Recurrent(nn.CELLS[name](*sizes))
    x = np.zeros((*shape, sizes[0]))
    rows = np.arange(shape[1]) % shape[0] + 1
    states = len(net.optional_inputs()) - 1
    given: Any = (x, *[None] * states, rows) if lengths else x
    leaves, listed = table.flatten(given, absent=True)
    derivative = trace_module(net, listed, leaves, NOTHING).differentiated()
    output = np.zeros((*shape, net.run(given, keep=False).outputs[0].shape[-1]))
    leaves, listed = table.flatten([given, output], absent=True)
    judged = Loss(net, nn.MSECriterion(), 0)
    traced = trace_module(judged, listed, leaves, NOTHING)
    return {
        "forward": derivative.forward,
        "backward": derivative.backward,
        "step": step_program(traced, 1.0, by_inputs=False).program,
    }


@pytest.mark.parametrize("lengths", [False, True], ids=["whole", "lengths"])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("name", OF_EACH_KIND)
def test_passes_decide_nothing_by_steps_and_rows(
    name: str, sizes: tuple[int, int], lengths: bool
) -> None:
    expected: dict[str, list[Any]] = {}
    for shape in SHAPES:
        for kind, program in layer_programs(name, sizes, shape, lengths).items():
            found = structure(optimised(program))
            assert found == expected.setdefault(kind, found), (kind, shape)


@pytest.mark.parametrize("name", ["heads", "a cell, step by step"])
def test_passes_decide_nothing_by_rows(name: str) -> None:
    expected: list[Any] = []
    for rows in (2, 7, 16, 3000):
        leaves: list[np.ndarray]
        if name == "heads":
            x = nn.Linear(5, 7)()
            net: Any = gn.GModule([x], [nn.Tanh()(nn.Linear(7, size)(x)) for size in (3, 4, 7)])
            leaves = [np.zeros((rows, 5))]
        else:
            net, leaves = nn.lstm_cell(5, 7), [np.zeros((rows, size)) for size in (5, 7, 7)]
        _, listed = table.flatten(leaves if len(leaves) > 1 else leaves[0], absent=True)
        derivative = trace_module(net, listed, leaves, NOTHING).differentiated()
        found = [structure(optimised(p)) for p in (derivative.forward, derivative.backward)]
        expected = expected or found
        assert found == expected, rows


# ---- machine code


@pytest.mark.parametrize("lengths", [False, True], ids=["whole", "lengths"])
@pytest.mark.parametrize("is_flat", [False, True], ids=["apart", "flat"])
@pytest.mark.parametrize(
    "name", ["lstm_cell", "gru_cell", "lstm_cell_layernorm", "lstm_cell_peephole"]
)
def test_other_steps_and_rows_need_no_other_code(
    name: str, is_flat: bool, lengths: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("llvmlite")
    from graphnet.native.codegen import kernel_cache
    from graphnet.native.llvm import target

    monkeypatch.setenv("GRAPHNET_CACHE", "off")
    net = nn.Recurrent(nn.CELLS[name](5, 7)).float()
    if is_flat:
        net.flatten_parameters()
    step = gn.compile_step(net, nn.MSECriterion(), select=0)
    states = len(net.optional_inputs()) - 1
    rng = np.random.default_rng(0)
    before, known = -1, set[Any]()
    for i, (steps, rows) in enumerate(SHAPES):
        x = rng.normal(size=(steps, rows, 5)).astype(np.float32)
        more = np.arange(rows) % steps + 1
        step((x, *[None] * states, more) if lengths else x, np.zeros((steps, rows, 7), np.float32))
        if i == 1:
            before, known = (
                target.compilations().compiled,
                {code.key for code in kernel_cache.known_kernels()},
            )
    assert target.compilations().compiled == before
    assert {code.key for code in kernel_cache.known_kernels()} == known
