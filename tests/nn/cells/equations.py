"""What the equations of cells are written with, once more, on PyTorch's tensors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.support.oracle import Tensor, torch

Function = Callable[[Tensor], Tensor]


Outputs = tuple[Tensor, ...]


@dataclass(frozen=True)
class Weights:
    """The parameters of a cell by name, and the functions of its gates."""

    named: dict[str, Tensor]
    gate: Function = torch.sigmoid
    squash: Function = torch.tanh

    def linear(self, name: str, value: Tensor) -> Tensor:
        y = value @ self.named[f"{name}.weight"].T
        return y + self.named[f"{name}.bias"] if f"{name}.bias" in self.named else y

    def sum(self, name: str, x: Tensor, h: Tensor) -> Tensor:
        return self.linear(f"{name}.i2h", x) + self.linear(f"{name}.h2h", h)

    def gates(self, x: Tensor, h: Tensor, *names: str) -> list[Tensor]:
        return [self.gate(self.sum(f"{name}_gate", x, h)) for name in names]

    def candidate(self, x: Tensor, h: Tensor) -> Tensor:
        return self.squash(self.sum("candidate", x, h))

    def norm(self, name: str, value: Tensor) -> Tensor:
        mean = value.mean(-1, keepdim=True)
        variance = ((value - mean) ** 2).mean(-1, keepdim=True)
        y = (value - mean) / (variance + 1e-5) ** 0.5 * self.named[f"{name}.weight"]
        return y + self.named[f"{name}.bias"] if f"{name}.bias" in self.named else y


@dataclass(frozen=True)
class Row:
    """The equations in evaluation mode, and the function where it is not tanh."""

    equations: Callable[..., Outputs]
    squash: Function = torch.tanh
