"""What sequences refuse, and that each message names what, expected and received."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphnet as gn
from graphnet import nn
from graphnet.errors import DtypeError, GraphError, IndexRangeError, ShapeError
from tests.support.recurrent_loops import BATCH, HIDDEN, INPUTS, STEPS

XS = np.ones((STEPS, BATCH, INPUTS))
WIDE = np.ones((STEPS, BATCH, 7))


def lstm(inputs: int = INPUTS, hidden: int = HIDDEN) -> gn.GModule:
    return nn.lstm_cell(inputs, hidden)


def gru(inputs: int = INPUTS, hidden: int = HIDDEN) -> gn.GModule:
    return nn.gru_cell(inputs, hidden)


def recurrent(**settings: Any) -> nn.Recurrent:
    return nn.Recurrent(gru(), **settings)


def projected() -> nn.Recurrent:
    return nn.Recurrent(nn.lstm_cell_projected(INPUTS, 4, 2))


def swapped_states() -> gn.GModule:
    """A cell that gives its states in another order than it takes them."""
    x, prev_a, prev_b = gn.input(), nn.State(4)(), nn.State(2)()
    total = nn.CAddTable()([x, prev_a])
    first = nn.Linear(4, 4)(total)
    second = nn.Tanh()(prev_b)
    return gn.GModule([x, prev_a, prev_b], [second, first])


def one_output() -> gn.GModule:
    x, prev_c, prev_h = gn.input(), nn.State(3)(), nn.State(3)()
    next_h = nn.CAddTable()([x, prev_c, prev_h])
    return gn.GModule([x, prev_c, prev_h], [next_h])


def growing() -> gn.GModule:
    x, prev_h = gn.input(), nn.State(3)()
    next_h = nn.JoinTable(-1)([x, prev_h])
    return gn.GModule([x, prev_h], [next_h])


def table_state() -> gn.GModule:
    x, prev_h = gn.input(), nn.State(3)()
    total = nn.CAddTable()([x, prev_h])
    next_h = nn.ConcatTable(nn.Tanh(), nn.Tanh())(total)
    return gn.GModule([x, prev_h], [next_h, nn.Identity()(total)])


def misfit() -> gn.GModule:
    """A mistake in a cell whose state has no known width."""
    x, h = gn.input(), gn.input()
    wide = nn.Linear(7, 4)(x)
    return gn.GModule([x, h], [nn.Tanh()(wide + h)])


Fault = tuple[Callable[[], object], type[Exception], str]

LENGTH_FAULTS: list[Fault] = [
    (lambda: recurrent().forward(XS, lengths=[5, 6, 1, 1]), IndexRangeError, "the length 6 for sequence 1, expected 0 to 5"),
    (lambda: recurrent().forward(XS, lengths=[5, 1, 1, -1]), IndexRangeError, "the length -1 for sequence 3, expected 0 to 5"),
    (lambda: recurrent().forward(XS, lengths=[5, 1, 1]), ShapeError, r"received 3 lengths for sequences \(5, 4, 3\)"),
    (lambda: recurrent().forward(XS, lengths=[]), ShapeError, r"received 0 lengths for sequences \(5, 4, 3\)"),
    (lambda: recurrent().forward(XS, lengths=5), ShapeError, r"received lengths of shape \(\) for sequences \(5, 4, 3\)"),
    (lambda: recurrent().forward(XS, lengths=np.ones((4, 1), int)), ShapeError, r"received lengths of shape \(4, 1\) for sequences \(5, 4, 3\)"),
    (lambda: recurrent().forward(XS, lengths=np.ones(4)), DtypeError, r"lengths float64\[4\], expected one whole number for each sequence"),
    (lambda: recurrent().forward(XS, lengths=np.ones(4, bool)), DtypeError, r"lengths bool\[4\], expected one whole number for each sequence"),
    (lambda: recurrent(batch_first=True).forward(XS, lengths=[3, 3, 3, 3]), ShapeError, r"received 4 lengths for sequences \(4, 5, 3\)"),
    (lambda: nn.LSTM(3, 4).forward(XS, lengths=[5, 6, 1, 1]), IndexRangeError, "'layer1' .*the length 6 for sequence 1, expected 0 to 5"),
]  # fmt: skip

STATE_FAULTS: list[Fault] = [
    (lambda: recurrent().forward(XS, prev_h=np.ones((4, 5))), ShapeError, r"'prev_h' .*a state \(…, 4\), received \(4, 5\)"),
    (lambda: projected().forward([XS, np.ones((4, 2)), np.ones((4, 4))]), ShapeError,
     r"'prev_[ch]' .*a state \(…, [24]\), received \(4, [24]\)(.|\n)*h where c should be"),
    (lambda: recurrent().forward(XS, prev_h=np.ones((1, 4))), ShapeError, r"state prev_h \(1, 4\), expected \(4, 4\)"),
    (lambda: recurrent().forward(XS, prev_h=np.ones(4)), ShapeError, r"state prev_h .*\[4\](.|\n)*next_h .*\[4, 4\]"),
    (lambda: recurrent().forward(XS, prev_c=np.ones((4, 4))), GraphError, r"no input named 'prev_c'\n  Did you mean prev_h\? Its inputs: xs, prev_h, lengths"),
    (lambda: recurrent().run([XS, np.ones((4, 4))], prev_h=np.ones((4, 4))), GraphError, "received prev_h twice"),
    (lambda: recurrent().forward([XS, None, None, None]), GraphError, r"at most prev_h, lengths after it, received \["),
]  # fmt: skip

CELL_FAULTS: list[Fault] = [
    (lambda: nn.Recurrent(one_output()), GraphError, r"2 states \(prev_c, prev_h\) and 1 outputs \(next_h\)"),
    (lambda: nn.Recurrent(swapped_states()).forward(np.ones((5, 2, 4))), ShapeError,
     r"state prev_a into a step as float64\[2, 4\], and second out of it as float64\[2, 2\]"),
    (lambda: nn.Recurrent(growing()).forward(XS), ShapeError, r"state prev_h into a step as float64\[4, 3\], and next_h out of it as float64\[4, 6\]"),
    (lambda: nn.Recurrent(table_state()).forward(XS), ShapeError, r"state prev_h into a step as float64\[4, 3\], and next_h out of it as \[\(4, 3\), \(4, 3\)\]"),
    (lambda: nn.Recurrent(misfit()).forward(XS), GraphError,
     r"cannot tell how wide the states \(h\) are(.|\n)*The last guess failed: Linear 'wide' \(test_refusals.py:\d+\) expects an array \(…, 7\), received \(4, 3\)"),
    (lambda: nn.Recurrent(lstm().outputs), GraphError, "received tuple, expected a cell that is a graph"),  # type: ignore[arg-type]
    (lambda: nn.unroll(gru(), 0), ValueError, "unroll: steps is 0, expected a whole number from 1"),
    (lambda: nn.unroll(gru(), 6).forward([XS, np.ones((4, 4))]), GraphError, r"a table of 5 into 6 outputs"),
]  # fmt: skip

RUN_FAULTS: list[Fault] = [
    (lambda: recurrent().forward(XS[:0]), ShapeError, r"received an empty sequence \(0, 4, 3\)"),
    (lambda: recurrent(batch_first=True).forward(XS[:, :0]), ShapeError, r"received an empty sequence \(0, 5, 3\)"),
    (lambda: recurrent(batch_first=True).forward(np.ones(5)), ShapeError, r"over \(5,\), expected \(batch, steps, …\)"),
    (lambda: recurrent().run(XS, trace=["nothing"]), GraphError, "no node named 'nothing' whose value can be kept"),
    (lambda: recurrent().run(XS, trace=[7]), GraphError, "7 is no name of a node"),
    (lambda: recurrent().run(XS, trace_weights=["nothing"]), GraphError, r"no parameter named 'nothing'\n  There are: .*update_gate.i2h.weight"),
    (lambda: recurrent().run(XS)["update_gate"], GraphError, r"no node named 'update_gate'\n.*trace=True"),
    (lambda: recurrent().run(XS, trace=["next_h"])["update_gate"], GraphError, r"no node named 'update_gate'\n  There are: next_h"),
    (lambda: recurrent().run(XS, trace=True)["i2h"], GraphError, r"'i2h' names 3 nodes\n  There are: update_gate.i2h"),
    (lambda: recurrent().run(XS).weight_grad_by_step, GraphError, "Call run.backward"),
    (lambda: recurrent().run(XS, trace=True).grad, GraphError, r"Call run.backward\(grad_outputs\) before reading run.grad"),
    (lambda: recurrent().run(XS).backward([np.ones((5, 4, 5)), None]), ShapeError, r"gradient \(5, 4, 5\) for output 0, expected \(5, 4, 4\)"),
    (lambda: recurrent(truncate=0), ValueError, "truncate is 0, expected a whole number from 1"),
    (lambda: recurrent(truncate=2.5), ValueError, "truncate is 2.5, expected a whole number from 1"),
    (lambda: recurrent(initial="learned").remember(), ValueError, "learned initial states cannot be remembered ones too"),
    (lambda: recurrent(initial="learned", remembers="eval"), ValueError, "learned initial states cannot be remembered ones too"),
    (lambda: recurrent(initial="ones"), ValueError, "initial is 'ones', expected 'zeros' or 'learned'"),
    (lambda: recurrent().remember("always"), ValueError, "is 'always', expected 'neither' or 'train'"),
]  # fmt: skip

WIDTH_FAULTS: list[Fault] = [
    (lambda: recurrent().forward(WIDE), ShapeError, r"received \(4, 7\)\n.*\n  in a step of the sequence \(5, 4, 7\)\n"),
    (lambda: recurrent(batch_first=True).forward(WIDE), ShapeError, r"received \(5, 7\)\n.*\n  in a step of the sequence \(5, 4, 7\)\n"),
    (lambda: nn.LSTM(3, 4, 2, bidirectional=True).forward(WIDE), ShapeError, r"'layer1\..*\n.*\n  in a step of the sequence \(5, 4, 7\)\n"),
    (lambda: nn.GRU(3, 4).forward(WIDE[:, 0]), ShapeError, r"received \(7,\)\n.*\n  in a step of the sequence \(5, 7\)\n"),
    (lambda: nn.Recurrent(nn.LSTM(3, 4)), GraphError, "Recurrent received a layer that runs over sequences itself"),
]  # fmt: skip

STACK_FAULTS: list[Fault] = [
    (lambda: nn.stack(), GraphError, "stack received no layers"),
    (lambda: nn.stack(gru(), connection="skip"), ValueError, r"connection is 'skip', expected one of \('plain', 'residual', 'dense'\)"),
    (lambda: nn.stack((gru(), gru(), gru())), GraphError, r"has 3 cells, expected one or \(forward, backward\)"),
    (lambda: nn.stack(nn.Linear(3, 4)), GraphError, "received Linear, expected a cell that is a graph"),
    (lambda: nn.stack(gru(), gru(), dropout=1), ValueError, "p is 1, expected 0 <= p < 1"),
    (lambda: nn.stack(gru(), gru(5, 4)).forward(XS), ShapeError, r"'layer2.*' .*an array \(…, 5\), received \(4, 4\)"),
    (lambda: nn.stack(gru(), gru(4, 4), connection="residual").forward(XS), ShapeError, r"'layer1_residual' .*adds \(5, 4, 3\) and \(5, 4, 4\)"),
    (lambda: nn.stack(gru()).forward(XS, layer2_prev_h=1), GraphError, r"no input named 'layer2_prev_h'\n.* Its inputs: xs, layer1_prev_h, lengths"),
    (lambda: nn.Bidirectional(gru(), gru(), "max"), GraphError, "merges by 'max', expected one of concat, sum, mean, product"),
    (lambda: nn.Bidirectional(gru(), gru(3, 5), "sum").forward(XS), ShapeError, r"'output' .*adds \(5, 4, 4\) and \(5, 4, 5\)"),
    (lambda: nn.Bidirectional(gru(), nn.Tanh()), GraphError, "received Tanh, expected a cell that is a graph"),  # type: ignore[arg-type]
    (lambda: nn.Bidirectional(lstm(), gru()).forward(XS, forward_prev_h=np.ones((4, 5))), ShapeError, r"'forward.prev_h' .*a state \(…, 4\), received \(4, 5\)"),
]  # fmt: skip

FAULTS = [*LENGTH_FAULTS, *STATE_FAULTS, *CELL_FAULTS, *RUN_FAULTS, *WIDTH_FAULTS, *STACK_FAULTS]


@pytest.mark.parametrize(("action", "error", "message"), FAULTS, ids=[f[2] for f in FAULTS])
def test_what_does_not_fit_is_named(
    action: Callable[[], object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        action()
