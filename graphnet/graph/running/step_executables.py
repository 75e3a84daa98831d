"""StepExecutables: the cache of a training step, whose programs are forward, loss and backward."""

from __future__ import annotations

from collections.abc import Sequence

from graphnet.graph.modules.base import BaseModule
from graphnet.graph.running.executable import Executable
from graphnet.graph.running.executables import Executables
from graphnet.graph.running.linked_program import LinkedProgram
from graphnet.graph.running.loss import Loss, refuse_target
from graphnet.graph.running.parameter_vector import step_executable
from graphnet.graph.running.signature import Signature
from graphnet.graph.running.step_program import step_program
from graphnet.graph.tracing.traced import Traced, input_casts, trace_module
from graphnet.graph.values import table
from graphnet.graph.values.selection import NOTHING
from graphnet.ir.core.types import NDArray


class StepExecutables(Executables):
    """Those of a net and its criterion as one module, bound to the arrays of gradients; final.

    Without a ``loss_scale`` in the signature there is no backward.
    """

    def __init__(self, loss: Loss) -> None:
        super().__init__()
        self._loss = loss

    def _make(
        self, signature: Signature, leaves: Sequence[NDArray], former: Executable | None
    ) -> Executable:
        if former is not None and former.traced.is_current():
            traced = former.traced  # only the arrays of parameters are others
        else:
            traced = self._trace(signature.structure, leaves)
        linked = LinkedProgram(traced.program, traced.sources)
        if signature.loss_scale is not None:
            linked = step_program(traced, signature.loss_scale, signature.input_gradients)
        return step_executable(self._loss.net, traced, linked)

    def _trace(self, structure: table.Structure, leaves: Sequence[NDArray]) -> Traced:
        pair = table.unflatten(structure, leaves)
        if self._loss.criterion is None and table.flatten(pair[1])[0]:
            refuse_target(pair[1])
        modules: tuple[BaseModule | None, ...] = (self._loss.net, self._loss.criterion)
        for module, part in zip(modules, pair, strict=True):
            if module is not None:
                input_casts(module, table.flatten(part, absent=True)[0])  # for its errors
        return trace_module(self._loss, structure, leaves, NOTHING)
