"""Exponential gates with a stabiliser, which keeps their exponents at most 0."""

from __future__ import annotations

from typing import Literal, get_args

from graphnet.graph import Node
from graphnet.graph.wiring.arithmetic import CAddTable, CSubTable
from graphnet.nn.layers.activation import LogSigmoid
from graphnet.nn.layers.arithmetic import Exp
from graphnet.nn.layers.tables import CMaxTable

Forget = Literal["sigmoid", "exponential"]


def require_forget(cell: str, forget: str) -> None:
    """Raise ValueError for a word that is no kind of forget gate."""
    if forget not in get_args(Forget):
        raise ValueError(f"{cell}: forget is {forget!r}, expected 'sigmoid' or 'exponential'")


def stabilised(
    input_sum: Node, forget_sum: Node, prev_m: Node, forget: Forget
) -> tuple[Node, Node, Node]:
    """The gates i and f, divided by exp(m'), and the stabiliser m' = max(log f + m, log i).

    ``input_sum`` is log i; ``forget_sum`` is log f, or what its sigmoid is taken of.
    """
    log_forget = forget_sum
    if forget == "sigmoid":
        log_forget = LogSigmoid()(forget_sum).annotate(name="log_forget")
    carried = CAddTable()([log_forget, prev_m]).annotate(name="carried")
    next_m = CMaxTable()([carried, input_sum]).annotate(name="next_m")
    input_log = CSubTable()([input_sum, next_m]).annotate(name="input_log")
    forget_log = CSubTable()([carried, next_m]).annotate(name="forget_log")
    input_gate = Exp()(input_log).annotate(name="input_gate")
    forget_gate = Exp()(forget_log).annotate(name="forget_gate")
    return input_gate, forget_gate, next_m
