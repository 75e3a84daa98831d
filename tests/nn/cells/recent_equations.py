"""Equations of xLSTM, minGRU, minLSTM, the LRU, the clockwork RNN, and of papers' own forms."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tests.nn.cells.equations import Outputs, Row, Weights
from tests.support.oracle import F, Tensor, torch


def exponential_gates(
    a: Tensor, b: Tensor, m: Tensor, forget: str
) -> tuple[Tensor, Tensor, Tensor]:
    log_f = F.logsigmoid(b) if forget == "sigmoid" else b
    after = torch.maximum(log_f + m, a)
    return torch.exp(a - after), torch.exp(log_f + m - after), after


def slstm(
    w: Weights, x: Tensor, c: Tensor, n: Tensor, m: Tensor, h: Tensor, forget: str = "sigmoid"
) -> Outputs:
    a, b = w.sum("input_gate", x, h), w.sum("forget_gate", x, h)
    i, f, m = exponential_gates(a, b, m, forget)
    c, n = f * c + i * w.candidate(x, h), f * n + i
    return c, n, m, w.gate(w.sum("output_gate", x, h)) * c / n


def split(value: Tensor, heads: int) -> Tensor:
    return value.reshape(*value.shape[:-1], heads, -1)


def mlstm(w: Weights, x: Tensor, c: Tensor, n: Tensor, m: Tensor, heads: int = 1) -> Outputs:
    q, k, v = (split(w.linear(f"{name}.i2h", x), heads) for name in ("query", "key", "value"))
    size = q.shape[-1]
    k = k / size**0.5
    a, b = w.linear("input_gate.i2h", x), w.linear("forget_gate.i2h", x)
    i, f, m = exponential_gates(a, b, m, "sigmoid")
    matrix = split(c, heads).reshape(*q.shape, size)
    outer = torch.einsum("...i,...j->...ij", v, k)
    matrix = f[..., None, None] * matrix + i[..., None, None] * outer
    norm = f[..., None] * split(n, heads) + i[..., None] * k
    read = torch.einsum("...ij,...j->...i", matrix, q)
    divisor = torch.maximum((norm * q).sum(-1).abs(), torch.exp(-m))
    shown = w.gate(w.linear("output_gate.i2h", x)) * (read / divisor[..., None]).flatten(-2)
    return matrix.flatten(-3), norm.flatten(-2), m, shown


def mingru(w: Weights, x: Tensor, h: Tensor) -> Outputs:
    z = w.gate(w.linear("update_gate.i2h", x))
    return (h + z * (w.squash(w.linear("candidate.i2h", x)) - h),)


def minlstm(w: Weights, x: Tensor, h: Tensor) -> Outputs:
    f, i = (w.gate(w.linear(f"{name}_gate.i2h", x)) for name in ("forget", "input"))
    return ((f * h + i * w.squash(w.linear("candidate.i2h", x))) / (f + i),)


def lru(w: Weights, x: Tensor, s: Tensor) -> Outputs:
    n = s.shape[-1] // 2
    logarithm = torch.complex(-w.named["next_s.nu"].exp(), w.named["next_s.theta"].exp())
    added = w.linear("b", x)
    state = torch.exp(logarithm) * torch.complex(s[..., :n], s[..., n:])
    gamma = torch.exp(w.named["next_s.log_gamma"])
    state = state + gamma * torch.complex(added[..., :n], added[..., n:])
    matrix = torch.complex(w.named["c.weight"][:, :n], -w.named["c.weight"][:, n:])
    d = w.named["skip.weight"]
    passed = x * d if d.ndim == 1 else x @ d.T
    return torch.cat([state.real, state.imag], -1), (state @ matrix.T).real + passed


def clockwork(w: Weights, x: Tensor, t: Tensor, h: Tensor) -> Outputs:
    size = h.shape[-1]
    periods = torch.tensor([1, 2, 4, 8])[torch.arange(size) * 4 // size]
    reads = periods[:, None] <= periods[None, :]
    proposed = w.squash(w.linear("i2h", x) + h @ (w.named["h2h.weight"] * reads).T)
    is_due = torch.fmod(t.detach(), periods) < 0.5
    return t + 1, torch.where(is_due, proposed, h)


def janet(w: Weights, x: Tensor, h: Tensor) -> Outputs:
    s = w.sum("forget_gate", x, h)
    return (w.gate(s) * h + (1 - w.gate(s - 1)) * w.candidate(x, h),)


def lem(w: Weights, x: Tensor, c: Tensor, h: Tensor) -> Outputs:
    d, e = w.gates(x, h, "memory", "output")
    c = (1 - d) * c + d * w.candidate(x, h)
    shown = w.squash(w.linear("shown.i2h", x) + w.linear("shown.c2h", c))
    return c, (1 - e) * h + e * shown


def scrn(w: Weights, x: Tensor, c: Tensor, h: Tensor) -> Outputs:
    alpha = w.named["kept.weight"]
    c = (1 - alpha) * w.linear("context.i2h", x) + alpha * c
    hidden = w.gate(w.sum("hidden", x, h) + w.linear("hidden.c2h", c))
    return c, hidden, w.squash(w.linear("output.h2h", hidden) + w.linear("output.c2h", c))


def same(x: Tensor) -> Tensor:
    return x


EXPONENTIAL: Callable[..., Outputs] = partial(slstm, forget="exponential")

RECENT = {
    "clockwork_rnn_cell": Row(clockwork),
    "janet_cell": Row(janet),
    "lem_cell": Row(lem),
    "lru_cell": Row(lru),
    "mingru_cell": Row(mingru, same),
    "minlstm_cell": Row(minlstm, same),
    "scrn_cell": Row(scrn),
    "xlstm_matrix_cell": Row(mlstm),
    "xlstm_scalar_cell": Row(slstm),
    "xlstm_scalar_cell_exponential": Row(EXPONENTIAL),
}
"""By the names of ``nn.CELLS``."""
