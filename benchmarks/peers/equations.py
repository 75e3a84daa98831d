"""The equations of the cells, once for all peers: each has ``Operations`` in its own library."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol


class Operations(Protocol):
    """What a library must give: layers are called by the names of ours."""

    is_training: bool

    def linear(self, name: str, x: Any) -> Any:
        """A Linear's ``W x + b``."""

    def scale(self, name: str, x: Any) -> Any:
        """``w x``, entry by entry."""

    def norm(self, name: str, x: Any) -> Any:
        """A LayerNorm."""

    def sigmoid(self, x: Any) -> Any: ...

    def tanh(self, x: Any) -> Any: ...

    def where(self, condition: Any, x: Any, y: Any) -> Any: ...

    def quarters(self, x: Any) -> Sequence[Any]:
        """Four equal parts of the last axis."""


def total(ops: Operations, gate: str, x: Any, h: Any) -> Any:
    return ops.linear(f"{gate}.i2h", x) + ops.linear(f"{gate}.h2h", h)


def gate(ops: Operations, name: str, x: Any, h: Any) -> Any:
    return ops.sigmoid(total(ops, name, x, h))


def rnn(ops: Operations, x: Any, states: Any, draws: Any) -> list[Any]:
    return [ops.tanh(ops.linear("i2h", x) + ops.linear("h2h", states[0]))]


def lstm(ops: Operations, x: Any, states: Any, draws: Any) -> list[Any]:
    c, h = states
    i, f = gate(ops, "input_gate", x, h), gate(ops, "forget_gate", x, h)
    o, g = gate(ops, "output_gate", x, h), ops.tanh(total(ops, "candidate", x, h))
    next_c = f * c + i * g
    return [next_c, o * ops.tanh(next_c)]


def lstm_merged(ops: Operations, x: Any, states: Any, draws: Any) -> list[Any]:
    c, h = states
    i, f, g, o = ops.quarters(ops.linear("i2h", x) + ops.linear("h2h", h))
    next_c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
    return [next_c, ops.sigmoid(o) * ops.tanh(next_c)]


def lstm_layernorm(ops: Operations, x: Any, states: Any, draws: Any) -> list[Any]:
    c, h = states
    from_x = ops.norm("i2h_norm", ops.linear("i2h", x))
    i, f, g, o = ops.quarters(from_x + ops.norm("h2h_norm", ops.linear("h2h", h)))
    next_c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
    return [next_c, ops.sigmoid(o) * ops.tanh(ops.norm("norm_c", next_c))]


def lstm_peephole(ops: Operations, x: Any, states: Any, draws: Any) -> list[Any]:
    c, h = states

    def seeing(name: str, cell: Any) -> Any:
        return ops.sigmoid(total(ops, name, x, h) + ops.scale(f"{name}.peephole", cell))

    i, f = seeing("input_gate", c), seeing("forget_gate", c)
    next_c = f * c + i * ops.tanh(total(ops, "candidate", x, h))
    return [next_c, seeing("output_gate", next_c) * ops.tanh(next_c)]


def lstm_coupled(ops: Operations, x: Any, states: Any, draws: Any) -> list[Any]:
    c, h = states
    i, o = gate(ops, "input_gate", x, h), gate(ops, "output_gate", x, h)
    next_c = (1 - i) * c + i * ops.tanh(total(ops, "candidate", x, h))
    return [next_c, o * ops.tanh(next_c)]


def lstm_projected(ops: Operations, x: Any, states: Any, draws: Any) -> list[Any]:
    next_c, output = lstm(ops, x, states, draws)
    return [next_c, ops.linear("projection", output)]


ZONEOUT = (0.3, 0.2)
"""The probabilities that c and h stay as they are, as in ``nn.CELLS``."""


def lstm_zoneout(ops: Operations, x: Any, states: Any, draws: Any) -> list[Any]:
    proposed = lstm(ops, x, states, draws)
    if not ops.is_training:
        return [
            p * old + (1 - p) * new for p, old, new in zip(ZONEOUT, states, proposed, strict=True)
        ]
    return [
        ops.where(drawn >= p, new, old)
        for p, drawn, old, new in zip(ZONEOUT, draws, states, proposed, strict=True)
    ]


def gru(ops: Operations, x: Any, states: Any, draws: Any) -> list[Any]:
    (h,) = states
    r, z = gate(ops, "reset_gate", x, h), gate(ops, "update_gate", x, h)
    g = ops.tanh(ops.linear("candidate.i2h", x) + r * ops.linear("candidate.h2h", h))
    return [(1 - z) * g + z * h]


def gru_before(ops: Operations, x: Any, states: Any, draws: Any) -> list[Any]:
    (h,) = states
    r, z = gate(ops, "reset_gate", x, h), gate(ops, "update_gate", x, h)
    g = ops.tanh(total(ops, "candidate", x, r * h))
    return [(1 - z) * g + z * h]


EQUATIONS: dict[str, Callable[[Operations, Any, Any, Any], list[Any]]] = {
    "rnn_cell": rnn,
    "lstm_cell": lstm,
    "lstm_cell_merged": lstm_merged,
    "lstm_cell_peephole": lstm_peephole,
    "lstm_cell_layernorm": lstm_layernorm,
    "lstm_cell_coupled": lstm_coupled,
    "lstm_cell_zoneout": lstm_zoneout,
    "lstm_cell_projected": lstm_projected,
    "gru_cell": gru,
    "gru_cell_before": gru_before,
}
"""By the names of ``nn.CELLS``: (ops, x, states, draws) to the next states, the last one shown."""


def state_sizes(cell: str, hidden: int, shown: int) -> list[int]:
    """The sizes of the states, ``shown`` that of the last."""
    return [shown] if cell.startswith(("gru", "rnn")) else [hidden, shown]


def draws_per_direction(cell: str) -> int:
    """How many arrays of random numbers a direction of a layer needs, when training."""
    return 2 if cell == "lstm_cell_zoneout" else 0
