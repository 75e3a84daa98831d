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

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        if len(inputs) == 2:
            inputs = (list(inputs),)
        return super().__call__(*inputs, **named)

    def forward(self, inputs: Any, *more: Any, check_finite: bool = False, **named: Any) -> Any:
        """The loss of ``(input, target)``, or of the table of both."""
        if len(more) == 1:
            inputs, more = [inputs, *more], ()
        return super().forward(inputs, *more, check_finite=check_finite, **named)

    def backward(self, inputs: Any, grad_outputs: Any = None, **named: Any) -> Any:
        """The gradient of the input, given ``(input, target)`` as in ``forward`` before.

        Of the table of both, the gradients of both; a second argument is then the gradient of the
        loss, 1 by default.
        """
        run = last_run(self)
        pair = [inputs, grad_outputs]
        if grad_outputs is not None and run is not None and same_input(run.inputs, pair):
            return run.backward()[0]
        return super().backward(inputs, grad_outputs, **named)
