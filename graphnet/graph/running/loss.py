"""Loss: a net and its criterion as one module, or a net whose output is its loss."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from graphnet.errors import GraphError, GraphnetError
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.modules.parameter_dtype import parameter_dtype
from graphnet.graph.tracing.tracing import compute_inside
from graphnet.graph.values import table


class Loss(BaseModule):
    """A net and a criterion as one module: ``[input, target]`` to ``[loss, output]``.

    The criterion receives the whole output, or the entry ``select`` of it. Without a criterion
    the loss is the output, or that entry (the first of a table), and there is no target.
    """

    inside = "net"

    def __init__(
        self, net: BaseModule, criterion: BaseModule | None, select: int | None = None
    ) -> None:
        self.net = net
        self.criterion = criterion
        self.select = select

    def compute(self, input: Any) -> Any:
        inputs, target = input
        output = compute_inside(self.net, inputs)
        if self.criterion is None:
            return [own_loss(output, self.select), output]
        pair = in_dtype_of(self.criterion, [selected(output, self.select), target])
        with asking_which(output, target, self.select):
            # Without a name, so that errors name it as a run of its own does.
            loss = compute_inside(self.criterion, pair, name="")
        require_one_number(self.criterion, loss)
        return [loss, output]


def refuse_target(target: Any) -> None:
    """Raise GraphError where there is a target and no criterion."""
    if target is not None:
        raise GraphError(
            "A training without a criterion received a target",
            "The net's output is the loss then, and a batch is the net's input alone: "
            "[x, y] for a net of two inputs.",
        )


def own_loss(output: Any, select: int | None) -> Any:
    """The loss that a net gives itself; raises GraphError if it is not one number."""
    loss = selected(output, own_entry(output, select))
    if table.is_table(loss) or loss.shape:
        error = GraphError(
            f"gives {table.describe(output)}, and there is no criterion",
            "Its output is the loss then: one number, or a table that begins with one. "
            "Or give a criterion, nn.MSECriterion() for instance.",
        )
        error.locate("The net")
        raise error
    return loss


def own_entry(output: Any, select: int | None) -> int | None:
    """Which entry of a net's output is the loss that the net gives itself; None for all of it."""
    return 0 if select is None and table.is_table(output) else select


def selected(output: Any, select: int | None) -> Any:
    """The output, or its entry ``select``; raises GraphError if that is out of range."""
    if select is None:
        return output
    count = len(output) if table.is_table(output) else 0
    if not -count <= select < count:
        error = GraphError(
            f"receives select={select}, which is out of range for {table.describe(output)}",
            f"The net gives {count} entries, counted from 0." if count else "It is no table.",
        )
        error.locate("The criterion")
        raise error
    return output[select]


@contextmanager
def asking_which(output: Any, target: Any, select: int | None) -> Iterator[None]:
    """Errors of a criterion that was given a whole table suggest ``select``."""
    try:
        yield
    except GraphnetError as error:
        if select is None and table.is_table(output) and not table.is_table(target):
            unclear = GraphError(
                f"gives {table.describe(output)}, and the target is one array",
                "Which entry does the criterion judge? Name it: select=0.",
            )
            unclear.locate("The net")
            raise unclear from error
        raise


def in_dtype_of(criterion: BaseModule, pair: list[Any]) -> list[Any]:
    """Parameters of a criterion set the dtype of what it receives, as those of any module."""
    dtype = parameter_dtype(criterion, None)
    if dtype is None:
        return pair
    cast = table.map_table(lambda a: a.astype(dtype) if a.type.is_float else a, pair)
    return list(cast)


def require_one_number(criterion: BaseModule, loss: Any) -> None:
    """Raise GraphError for a loss that is a table or an array."""
    if table.is_table(loss) or loss.shape:
        error = GraphError(
            f"gives {table.describe(loss)}, expected one number",
            "What is trained is a loss: let the criterion sum or average.",
        )
        error.locate(type(criterion).__name__)
        raise error
