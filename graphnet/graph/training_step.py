"""A training step as one program: network, criterion and backward, compiled together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphnet.errors import GraphError, GraphnetError
from graphnet.graph import table
from graphnet.graph.given import as_array
from graphnet.graph.module import Module
from graphnet.graph.parameter import Parameter
from graphnet.graph.run import accumulating, fill, find_trace, remembering
from graphnet.graph.traced import Traced
from graphnet.graph.wanted import Wanted
from graphnet.ir.collector import collector_paused
from graphnet.ir.gradient import Derivative, differentiate
from graphnet.ir.interpreter import Interpreter, interpreter
from graphnet.ir.program import Atom, Equation, Program, Var, literal
from graphnet.ir.shaping import broadcast
from graphnet.ir.types import ArrayType, NDArray
from graphnet.native import compiled, is_available

KEPT_STEPS = 256
"""How many kinds of input a step keeps programs for."""


class Judged(Module):
    """A net and a criterion as one module: ``[input, target]`` to ``[loss, output]``.

    The criterion judges the whole output, or the entry ``select`` of it.
    """

    inside = "net"

    def __init__(self, net: Module, criterion: Module, select: int | None = None) -> None:
        self.net = net
        self.criterion = criterion
        self.select = select

    def compute(self, input: Any) -> Any:
        given, target = input
        output = self.net.call(given)
        judged = output if self.select is None else output[self.select]
        loss = self.criterion.call([judged, target])
        if table.is_table(loss) or loss.shape:
            raise GraphError(
                f"The criterion gives {table.describe(loss)}, expected one number",
                "A training step differentiates a loss: let the criterion sum or average.",
            )
        return [loss, output]


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a training step gives beside the gradients of the parameters."""

    loss: float
    outputs: Any
    """Of the net."""
    grad_inputs: Any
    """The gradient of the net's input (None for whole numbers), if asked for."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """The program of a step for one kind of input, and how to read its outputs."""

    traced: Traced
    run: Interpreter
    gradients: tuple[tuple[Parameter, int], ...]
    """Parameters, and where among the outputs their gradients are."""
    to_inputs: dict[int, int]


class TrainingStep:
    """See ``graphnet.compile_step``; final."""

    def __init__(
        self,
        net: Module,
        criterion: Module,
        *,
        select: int | None = None,
        loss_scale: float = 1.0,
        input_gradients: bool = False,
    ) -> None:
        self.net, self.criterion = net, criterion
        self.loss_scale = loss_scale
        self.input_gradients = input_gradients
        self._judged = Judged(net, criterion, select)
        self._prepared: dict[int, Prepared] = {}

    def __call__(self, inputs: Any, target: Any) -> float:
        """The loss of a batch; adds to the ``grad`` of the net's parameters."""
        return self.run(inputs, target).loss

    def run(self, inputs: Any, target: Any) -> StepResult:
        """As a call, with the outputs of the net and, if asked for, the gradient of its input."""
        module = self._judged
        leaves, structure = table.flatten([inputs, target], absent=True)
        arrays = [as_array(module.net, leaf) for leaf in leaves]
        traced = find_trace(module, structure, arrays, Wanted(keep=False))
        prepared = self._prepared.get(id(traced)) or self._prepare(traced)
        values = [
            np.asarray(array, dtype=cast) for array, cast in zip(arrays, traced.casts, strict=True)
        ]
        with remembering:
            filled = [fill(module.net, source, values) for source in traced.sources]
        try:
            results = prepared.run(filled)
        except GraphnetError as error:
            error.locate(type(self.net).__name__, (f"input  {table.describe(inputs)}",))
            raise
        with remembering:
            for memory, position in traced.updates.items():
                memory.data = np.array(results[position])
        with accumulating:
            for parameter, position in prepared.gradients:
                total = parameter.grad
                np.add(total, results[position], out=total)
        outputs = [np.array(value) for value in results[: traced.output_count]]
        loss, net_outputs = table.unflatten(traced.output_structure, outputs)
        grad_inputs = self._input_gradients(prepared, results) if self.input_gradients else None
        return StepResult(float(loss), net_outputs, grad_inputs)

    def _input_gradients(self, prepared: Prepared, results: Sequence[NDArray]) -> Any:
        structure = prepared.traced.input_structure
        assert isinstance(structure, tuple)
        count = sum(isinstance(source, int) for source in prepared.traced.sources)
        found = [
            np.array(results[prepared.to_inputs[i]]) if i in prepared.to_inputs else None
            for i in range(count)
        ]
        return table.unflatten(structure, found)[0]

    def _prepare(self, traced: Traced) -> Prepared:
        wanted: dict[Var, Parameter | int] = {}
        for var, source in zip(traced.program.inputs, traced.sources, strict=True):
            if not var.type.is_float:
                continue
            if isinstance(source, Parameter) or (self.input_gradients and isinstance(source, int)):
                wanted[var] = source
        with collector_paused():
            derivative = differentiate(traced.program, list(wanted), seeded=traced.output_count)
            program = joined(derivative, traced, self.loss_scale)
            run = interpreter(compiled(program) if is_available() else program)
        first = len(traced.program.outputs)
        found = [
            (source, first + slot)
            for source, slot in zip(wanted.values(), derivative.slots, strict=True)
            if slot is not None
        ]
        prepared = Prepared(
            traced,
            run,
            tuple((source, at) for source, at in found if isinstance(source, Parameter)),
            {source: at for source, at in found if isinstance(source, int)},
        )
        while len(self._prepared) >= KEPT_STEPS:
            self._prepared.pop(next(iter(self._prepared)))
        self._prepared[id(traced)] = prepared
        return prepared


def joined(derivative: Derivative, traced: Traced, loss_scale: float) -> Program:
    """Forward and backward in one, from the gradient ``loss_scale`` of the loss."""
    equations: list[Equation] = []
    seeds: list[Atom] = []
    for i, atom in enumerate(traced.program.outputs[: traced.output_count]):
        if atom.type.is_float:
            value = literal(loss_scale if i == 0 else 0.0, atom.type.dtype)
            seeds.append(filled_with(value, atom.type, equations))
    program = derivative.joined(seeds)
    return Program(program.inputs, [*equations, *program.equations], program.outputs)


def filled_with(value: Atom, type: ArrayType, equations: list[Equation]) -> Atom:
    if not type.shape:
        return value
    var = Var(type)
    equations.append(Equation(broadcast, (value,), {"shape": type.shape}, (var,), None))
    return var


def compile_step(
    net: Module,
    criterion: Module,
    *,
    select: int | None = None,
    loss_scale: float = 1.0,
    input_gradients: bool = False,
) -> TrainingStep:
    """Network, criterion and backward as one machine-code function.

    ``step(inputs, target)`` returns the loss and adds to the ``grad`` of the net's parameters, as
    ``forward`` and ``backward`` of the two would; ``step.run`` also returns the net's outputs.
    ``select`` names the entry of the net's output that the criterion judges (states that follow
    it are outputs too, and get no gradient). ``loss_scale`` multiplies the loss that is
    differentiated. With ``input_gradients``, ``step.run(…).grad_inputs`` is that of the input.

    Code is made at the first call for each kind of input; another number of steps or another
    batch size needs none. Without llvmlite, or where an operation has no native rule, the
    interpreter does the work, and one warning says so.

    >>> import numpy as np, graphnet as gn
    >>> from graphnet import nn
    >>> net = nn.Sequential([nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)])
    >>> step = gn.compile_step(net, nn.MSECriterion())
    >>> net.zero_grad()
    >>> loss = step(np.ones((5, 3)), np.zeros((5, 2)))
    >>> net.parameters()[0].grad.shape
    (4, 3)
    """
    return TrainingStep(
        net, criterion, select=select, loss_scale=loss_scale, input_gradients=input_gradients
    )
