"""Lengths, states and names that do not fit are refused with their place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from graphnet import nn
from graphnet.errors import DtypeError, GraphError, ShapeError

XS = np.ones((5, 4, 3))


def gru(inputs: int = 3, hidden: int = 4) -> nn.Recurrent:
    return nn.Recurrent(nn.gru_cell(inputs, hidden))


FAULTS: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: gru().forward(XS, lengths=[[5, 1, 1, 1]]), DtypeError, "received the lengths .*expected whole numbers"),
    (lambda: gru().forward(XS, lengths=[5, 1.5, 1, 1]), DtypeError, "lengths"),
    (lambda: gru().forward(XS, prev_h=np.ones((3, 4))), ShapeError, r"state prev_h .*\[3, 4\]|prev_h .*\(3, 4\)"),
    (lambda: gru().forward(None), (GraphError, DtypeError), "None|nothing"),  # type: ignore[list-item]
    (lambda: nn.LSTM(3, 4).forward(XS, state=(np.ones((1, 4, 4)), None)), GraphError, r"\[\(1, 4, 4\), nothing\], expected all 2 entries"),
    (lambda: nn.LSTM(3, 4).forward(XS, state=(np.ones((1, 5, 4)), np.ones((1, 5, 4)))), ShapeError, r"read as 5 steps of a batch of 4; .*batch_first=True"),
    (lambda: nn.LSTM(3, 4).forward(XS, lengths=[1, 2, 3, 4, 4]), ShapeError, r"read as 5 steps of a batch of 4"),
    (lambda: nn.LSTM(3, 4, batch_first=True).forward(XS, lengths=[5, 5, 5, 5]), ShapeError, r"read as 4 steps of a batch of 5; .*batch_first=False"),
    (lambda: nn.LSTM(3, 4, dropout=1.5), ValueError, "dropout|p is 1.5"),
    (lambda: nn.stack(nn.gru_cell(3, 4), dropout=1.5), ValueError, "dropout|p is 1.5"),
    (lambda: gru().run(XS)["update_gate"], GraphError, "Nothing was kept. For nodes"),
]  # fmt: skip


@pytest.mark.parametrize(("action", "error", "message"), FAULTS, ids=[f[2] for f in FAULTS])
def test_what_does_not_fit_is_named(
    action: Callable[[], object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        action()
