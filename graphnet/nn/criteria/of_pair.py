"""CriterionOfPair: a module of [input, target], which calls may give as two arguments."""

from __future__ import annotations

from typing import Any

from graphnet.graph import Module
from graphnet.graph.running.inputs import same_input
from graphnet.graph.running.run import last_run


class CriterionOfPair(Module):
    """The base of all criteria: a module of the table [input, target], to a loss.

    ``criterion(input, target)``, ``criterion.forward(input, target)`` and, after it,
    ``criterion.backward(input, target)``, which is the gradient of the input alone, are as in
    Torch; shapes are those of the criterion. The table serves as well, and ``backward`` of it gives
    the gradients of both.
    """

    def required_names(self) -> tuple[str, ...]:
        return ("input", "target")

    def backward(self, /, *inputs: Any, grad_outputs: Any = None, **named: Any) -> Any:
        """The gradient of the input, given ``(input, target)`` as in ``forward`` before.

        Of the table of both, the gradients of both. What follows is the gradient of the loss, 1 by
        default.
        """
        run = last_run(self)
        if len(inputs) > 1 and run is not None and same_input(run.inputs, list(inputs[:2])):
            return run.backward(inputs[2] if len(inputs) > 2 else grad_outputs)[0]
        return super().backward(*inputs, grad_outputs=grad_outputs, **named)
