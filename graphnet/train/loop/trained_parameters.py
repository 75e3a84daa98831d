"""The parameters that an optimiser trains, compared with those of the net."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from graphnet.errors import GraphError
from graphnet.graph import Module, Parameter
from graphnet.optim import Optimizer
from graphnet.source import warn

Frozen: TypeAlias = Module | Sequence[Module | Parameter]
"""Parts of a net that stay as they are."""

SHOWN = 6
"""How many names a message shows."""


def require_optimizer(optimizer: Optimizer, net: Module, frozen: Frozen = ()) -> None:
    """Warn of parameters that would stay as they are, though they are not ``frozen``.

    Raises GraphError for what is no optimiser, for one of another net, or one of what is frozen.
    """
    kind = type(optimizer).__name__
    if isinstance(optimizer, type) and issubclass(optimizer, Optimizer):
        raise GraphError(
            f"The trainer received the class {optimizer.__name__} as its optimiser",
            f"Make one of it: optim.{optimizer.__name__}(net).",
        )
    if not isinstance(optimizer, Optimizer):
        raise GraphError(
            f"The trainer received {kind} as its optimiser",
            "The order is Trainer(net, criterion, optimizer).",
        )
    own = {parameter: name for name, parameter in net.named_parameters()}
    trained = {parameter: name for name, parameter in optimizer.net.named_parameters()}
    foreign = [name for parameter, name in trained.items() if parameter not in own]
    if foreign:
        raise GraphError(
            f"The trainer's optimiser {kind} was made for another net: this one does not have its "
            f"{listed(foreign)}",
            "Make it for this one, or for a part of it: optim.Adam(net).",
        )
    fixed = parameters_of(frozen)
    both = [name for parameter, name in own.items() if parameter in fixed and parameter in trained]
    if both:
        raise GraphError(
            f"The trainer's optimiser {kind} trains what is frozen: {listed(both)}",
            "Make it for the other parts: optim.Adam([encoder, decoder]).",
        )
    left = [name for p, name in own.items() if p not in trained and p not in fixed]
    if left:
        warn(
            f"the optimiser {kind} was made for a part of the net: {len(left)} of its {len(own)} "
            f"parameters stay as they are, {listed(left)}; make it for the whole net, "
            f"optim.{kind}(net), or say that they are to: Trainer(…, frozen=[part])"
        )


def parameters_of(frozen: Frozen) -> set[Parameter]:
    """All parameters of these parts."""
    parts = [frozen] if isinstance(frozen, Module) else frozen
    return {
        parameter
        for part in parts
        for parameter in ([part] if isinstance(part, Parameter) else part.parameters())
    }


def listed(names: Sequence[str]) -> str:
    """Names, of which the last ones may be left out."""
    return ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
