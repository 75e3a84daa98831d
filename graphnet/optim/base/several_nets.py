"""Several nets that are trained together, as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias, final

from graphnet.errors import GraphError
from graphnet.graph import Module, Node
from graphnet.graph.values.hints import instance_of, kind_of

Trained: TypeAlias = Module | Sequence[Module]
"""A net, or several."""


@final
class SeveralNets(Module):
    """Nets for whose parameters there is one optimiser; each is run by itself.

    Has no shape: it cannot be run.
    """

    def __init__(self, nets: Sequence[Module]) -> None:
        self.nets = list(nets)

    def compute(self, input: Any) -> Any:
        raise GraphError("cannot be run", "Run the nets one by one.", type(self).__name__)


def as_one(net: Trained, owner: str) -> Module:
    """A net as it is, several as one; raises GraphError for anything else."""
    if isinstance(net, Module):
        return net
    if isinstance(net, list | tuple) and net and all(isinstance(part, Module) for part in net):
        return net[0] if len(net) == 1 else SeveralNets(net)
    received = kind_of(net, "a ")
    if isinstance(net, list | tuple):
        others = [kind_of(part) for part in net if not isinstance(part, Module)]
        received = f"{received} with {others[0]}" if others else f"an empty {type(net).__name__}"
    if isinstance(net, Node):
        raise GraphError(
            f"{owner} received a node, which has no parameters of its own",
            f"Give it the net of that node: {owner}(GModule(inputs, outputs), …).",
        )
    raise GraphError(
        f"{owner} received {received}, expected a net or several",
        instance_of(net, "…", f"Give it the net itself, {owner}(net, …), or a list of nets."),
    )
