"""Gradient flow: the norm of the gradient of a loss by the state at each step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graphnet.errors import GraphError
from graphnet.graph import Module, Run
from graphnet.graph.modules.calls import understanding
from graphnet.graph.modules.states import states_kept
from graphnet.graph.values.table import is_table
from graphnet.ir.core.types import NDArray
from graphnet.nn import CrossEntropyCriterion, MSECriterion, Recurrent
from graphnet.text_table import aligned
from graphnet.train.reports.figure import new_figure, notebook_svg, save_figure


@dataclass(frozen=True)
class GradientFlow:
    """The ``loss``, and for each carried state the norms of dE/ds_k.

    ``norms["layer1.next_h"]`` is (steps,): at step k the Euclidean norm, over batch and units, of
    the gradient of the loss by the next state of step k. Norms of early steps far below those of
    the last ones show vanishing gradients.
    """

    loss: float
    norms: dict[str, NDArray]

    def __str__(self) -> str:
        """A table: each state at the first step, at each quarter, and at the last step."""
        steps = len(next(iter(self.norms.values()), ()))
        shown = sorted({round(part * (steps - 1) / 4) for part in range(5)}) if steps else []
        rows = [["norm of dE/ds at step", *(str(k + 1) for k in shown)]]
        rows += [[name, *(f"{norm[k]:.2e}" for k in shown)] for name, norm in self.norms.items()]
        lines = aligned(rows, right=range(1, len(rows[0])))
        return "\n".join([*lines, f"loss {self.loss:.4g}"])

    __repr__ = __str__

    def _repr_svg_(self) -> str | None:
        return notebook_svg(lambda: flow_figure({"": self}, f"loss {self.loss:.4g}"))

    def plot(self, path: str | Path, title: str = "") -> None:
        """Draw the norms over the steps, on a logarithmic axis; see ``draw_gradient_flow``."""
        draw_gradient_flow({"": self}, path, title)


@understanding
def gradient_flow(
    net: Module, inputs: Any, target: Any, criterion: Module | None = None
) -> GradientFlow:
    """The norms of dE/ds_k for the state s_k of every ``nn.Recurrent`` in a net, at each step k.

    E is the criterion of the net's output (the first of several) and ``target``, of the shapes that
    the criterion takes: the mean squared error by default, the cross-entropy for whole numbers.
    Runs forward and backward, in the present mode of the net; ``grad``, buffers and remembered
    states stay unchanged. Hochreiter 1991; Pascanu et al. 2013, "On the difficulty of training
    recurrent neural networks".

    Raises GraphError for a net without ``nn.Recurrent``.

    >>> import numpy as np
    >>> from graphnet import nn
    >>> net = nn.Sequential(nn.Recurrent(nn.rnn_cell(2, 3)), nn.SelectTable(0))
    >>> flow = gradient_flow(net, np.ones((20, 4, 2)), np.zeros((20, 4, 3)))
    >>> {name: norm.shape for name, norm in flow.norms.items()}
    {'0.next_h': (20,)}
    """
    states = carried_states(net)
    kept = [np.array(parameter.grad) for parameter in net.parameters()]
    with states_kept(net):
        run = net.run(inputs, keep=False, trace=states)
    outputs = run.outputs if is_table(run.outputs) else [run.outputs]
    judge = criterion or default_criterion(target)
    judged = judge.run([outputs[0], np.asarray(target)], keep=False)
    seed = judged.backward()[0]
    run.backward([seed, *[None] * (len(outputs) - 1)] if is_table(run.outputs) else seed)
    for parameter, gradient in zip(net.parameters(), kept, strict=True):
        parameter.grad = gradient
    return GradientFlow(float(judged.outputs), {name: step_norms(run, name) for name in run.names})


def default_criterion(target: Any) -> Module:
    whole = np.asarray(target).dtype.kind in "iu"
    return CrossEntropyCriterion() if whole else MSECriterion()


def carried_states(net: Module) -> list[str]:
    """The names of the next states of the cells in a net; raises GraphError without any."""
    names = []
    for _, module in net.named_modules():
        if isinstance(module, Recurrent):
            cell = module.cell
            nodes = cell.outputs[: len(module.state_names())]
            names += [cell.name_of(node) for node in nodes]
    if not names:
        raise GraphError(
            "has no state that is carried over steps",
            "gradient_flow looks at nn.Recurrent and what is made of it: nn.LSTM, nn.stack, …",
            type(net).__name__,
        )
    return names


def step_norms(run: Run, name: str) -> NDArray:
    gradient: NDArray = run.grad[name]
    norms: NDArray = np.sqrt((gradient**2).reshape(gradient.shape[0], -1).sum(1))
    return norms


@understanding
def draw_gradient_flow(
    flows: Mapping[str, GradientFlow], path: str | Path, title: str = ""
) -> None:
    """Draw several flows in one figure: a line for each state, labelled by flow and state.

    The suffix of ``path`` is the format: SVG, PNG or PDF. Norms of exactly zero are left out of the
    logarithmic axis. Raises GraphnetError without matplotlib.
    """
    save_figure(flow_figure(flows, title), path)


def flow_figure(flows: Mapping[str, GradientFlow], title: str) -> Any:
    figure, axes = new_figure()
    for label, flow in flows.items():
        for name, norm in flow.norms.items():
            steps = np.arange(1, len(norm) + 1)
            shown = norm > 0
            axes.plot(steps[shown], norm[shown], label=f"{label} {name}".strip(), linewidth=1.4)
    axes.set_yscale("log")
    axes.set_xlabel("step k")
    axes.set_ylabel("norm of dE/ds_k")
    axes.set_title(title)
    axes.grid(alpha=0.25)
    axes.legend(frameon=False)
    return figure
