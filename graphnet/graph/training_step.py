"""A training step as one program: network, criterion and backward, compiled together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from graphnet.errors import GraphError, GraphnetError
from graphnet.graph.inspection.measuring import profile_of
from graphnet.graph.inspection.memory_plan import MemoryPlan
from graphnet.graph.inspection.planning import plan_of
from graphnet.graph.inspection.profile import Profile
from graphnet.graph.inspection.summary import FLOAT, stand_in
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.modules.calls import checked
from graphnet.graph.modules.parameter_dtype import parameter_dtype
from graphnet.graph.running.executable import Executable
from graphnet.graph.running.inputs import list_for_array
from graphnet.graph.running.loss import Loss, refuse_target
from graphnet.graph.running.outputs import step_outputs
from graphnet.graph.running.signature import leaves_of
from graphnet.graph.running.step_executables import StepExecutables
from graphnet.graph.values import table
from graphnet.graph.values.selection import NOTHING
from graphnet.ir.core.types import NDArray
from graphnet.native import is_available
from graphnet.tracebacks import public, shorten

ARRAYS: table.Structure = (None, None)
"""The structure of an input and a target that are arrays."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """The results of a training step; gradients of parameters are in their ``grad``."""

    loss: float
    outputs: Any
    """Of the net."""
    grad_inputs: Any
    """The gradient of the net's input (None for whole numbers), if asked for."""


class TrainingStep:
    """See ``graphnet.compile_step``; final."""

    def __init__(
        self,
        net: BaseModule,
        criterion: BaseModule | None = None,
        *,
        select: int | None = None,
        loss_scale: float = 1.0,
        input_gradients: bool = False,
        accumulate: bool = True,
    ) -> None:
        parts: list[tuple[str, Any]] = [("net", net)]
        if criterion is not None:
            parts.append(("criterion", criterion))
        for what, part in parts:
            if not isinstance(part, BaseModule):
                shown = part.__name__ if isinstance(part, type) else type(part).__name__
                raise GraphError(
                    f"A training step received {shown} as its {what}, expected a module",
                    "compile_step(net, nn.MSECriterion()): modules, not classes or functions.",
                )
        if select is not None and not isinstance(select, int):
            raise GraphError(
                f"A training step received select={select!r}, expected the number of an output",
                "select=0 has the criterion judge the first one.",
            )
        self.net, self.criterion = net, criterion
        self.select = select
        self.loss_scale = loss_scale
        self.input_gradients = input_gradients
        self.accumulate = accumulate
        self._executables = StepExecutables(Loss(net, criterion, select))
        self._is_native = is_available()

    def __call__(self, inputs: Any, target: Any = None) -> float:
        """The loss of a batch; the ``grad`` of the net's parameters gets its gradient."""
        try:
            executable, leaves = self._executable_for(inputs, target, True)
            return float(self._results(executable, leaves, inputs, True)[0])
        except Exception as error:
            shorten(error)
            raise

    def run(self, inputs: Any, target: Any = None) -> StepResult:
        """As a call, with the outputs of the net and, if asked for, the gradient of its input."""
        try:
            executable, leaves = self._executable_for(inputs, target, True)
            results = self._results(executable, leaves, inputs, True)
            return StepResult(*step_outputs(executable, results, self.input_gradients))
        except Exception as error:
            shorten(error)
            raise

    def judge(self, inputs: Any, target: Any = None) -> StepResult:
        """The loss and the outputs, without gradients (in the mode that the net is in)."""
        try:
            executable, leaves = self._executable_for(inputs, target, False)
            results = self._results(executable, leaves, inputs, False)
            return StepResult(*step_outputs(executable, results, False))
        except Exception as error:
            shorten(error)
            raise

    @public
    def memory_plan(self, inputs: Any, target: Any = None) -> MemoryPlan:
        """The memory of a step, before it runs: shapes or arrays, as for ``net.memory_plan``."""
        dtype = parameter_dtype(self.net, FLOAT)
        shapes = stand_in(inputs, dtype), None if target is None else stand_in(target, dtype)
        return plan_of(self._executable_for(*shapes, True)[0])

    @public
    def profile(self, inputs: Any, target: Any = None, repeats: int = 10) -> Profile:
        """Seconds by node, as of ``net.profile``. No gradient changes."""
        executable, leaves = self._executable_for(inputs, target, True)
        return profile_of(executable, leaves, self._is_native, repeats)

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and files hold the net, the criterion and the options, and compile anew."""
        names = ("select", "loss_scale", "input_gradients", "accumulate")
        return rebuilt, (self.net, self.criterion, {name: getattr(self, name) for name in names})

    def __repr__(self) -> str:
        made = f"{len(self._executables)} kinds of input so far"
        judge = "" if self.criterion is None else f", {type(self.criterion).__name__}"
        return f"<TrainingStep of {type(self.net).__name__}{judge}: {made}>"

    def is_prepared(self) -> bool:
        """Whether there is an executable already."""
        return bool(self._executables)

    def _results(
        self, executable: Executable, leaves: list[NDArray], inputs: Any, learning: bool
    ) -> list[NDArray]:
        if executable.has_casts:
            leaves = executable.cast(leaves)
        results = executable.prepared.run(executable.inputs(leaves), inputs, self._is_native)
        if learning:
            assert executable.accumulator is not None
            executable.accumulator.accept(results, self.accumulate)
        return results

    def _executable_for(
        self, inputs: Any, target: Any, learning: bool
    ) -> tuple[Executable, list[NDArray]]:
        if type(inputs) is np.ndarray and type(target) is np.ndarray:  # nearly always
            leaves, structure = [inputs, target], ARRAYS
        else:
            leaves, structure = leaves_of_pair(self.net, self.criterion, inputs, target)
        scale = self.loss_scale if learning else None
        mode, by_inputs = self.net.is_training, learning and self.input_gradients
        try:
            executable = self._executables.executable(
                structure, leaves, mode, NOTHING, scale, by_inputs
            )
        except GraphnetError as error:
            for module, value in ((self.net, inputs), (self.criterion, target)):
                if module is not None and (misuse := list_for_array(error, module, value)):
                    raise misuse from None
            raise
        return executable, leaves


def leaves_of_pair(
    net: BaseModule, criterion: BaseModule | None, inputs: Any, target: Any
) -> tuple[list[NDArray], table.Structure]:
    """The leaves of an input and a target as arrays, and how the two are nested.

    Without a criterion the target is an empty table; raises GraphError if one is given.
    """
    leaves, structure = leaves_of(net, inputs)
    if criterion is None:
        refuse_target(target)
        return leaves, (structure, ())
    expected, nested = leaves_of(criterion, target)
    return leaves + expected, (structure, nested)


def rebuilt(net: BaseModule, criterion: BaseModule | None, options: dict[str, Any]) -> TrainingStep:
    return TrainingStep(net, criterion, **options)


@checked
def compile_step(
    net: BaseModule,
    criterion: BaseModule | None = None,
    *,
    select: int | None = None,
    loss_scale: float = 1.0,
    input_gradients: bool = False,
    accumulate: bool = True,
) -> TrainingStep:
    """Network, criterion and backward as one machine-code function.

    ``step(inputs, target)`` returns the loss and adds to the ``grad`` of the net's parameters, as
    ``forward`` and ``backward`` of the two would; ``step.run`` also returns the net's outputs.
    Without a criterion the net's output is the loss, one number, or a table that begins with it
    (``select`` names another entry): ``step(inputs)`` takes no target.
    ``select`` names the entry of the net's output that the criterion judges (states that follow
    it are outputs too, and get no gradient). ``loss_scale`` multiplies the loss that is
    differentiated. With ``input_gradients``, ``step.run(…).grad_inputs`` is that of the input.
    With ``accumulate=False`` gradients replace those before: there is no need for ``zero_grad``.
    ``step.judge`` gives loss and outputs without gradients. Raises GraphError for what is no
    module, and at a call for a target without a criterion.

    Parameters of a net that are small are moved into one vector, as an optimiser does
    (``net.flatten_parameters``). Random numbers are drawn by the net's generator, in the order in
    which a run of the net draws them; those of a criterion follow.

    Code is made at the first call for each kind of input; another number of steps or another
    batch size (from 2 on) needs none, but 10 to 30 ms to trace the net anew; the last 256 kinds
    are kept. Without llvmlite, or where an operation has no native rule, the
    interpreter does the work, and one warning says so.

    >>> import numpy as np, graphnet as gn
    >>> from graphnet import nn
    >>> net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    >>> step = gn.compile_step(net, nn.MSECriterion())
    >>> net.zero_grad()
    >>> loss = step(np.ones((5, 3)), np.zeros((5, 2)))
    >>> net.parameters()[0].grad.shape
    (4, 3)
    """
    is_available(notify=True)  # from here, the notice names the caller's line
    return TrainingStep(
        net,
        criterion,
        select=select,
        loss_scale=loss_scale,
        input_gradients=input_gradients,
        accumulate=accumulate,
    )
