"""Element-Research's rnn layers, composed: one step, sequences, two directions."""

from __future__ import annotations

from graphnet.graph import GModule, Module, input
from graphnet.graph.modules.calls import checked
from graphnet.graph.wiring.arithmetic import CAddTable
from graphnet.graph.wiring.table_modules import Identity, SelectTable
from graphnet.nn.cells.gru import gru_cell
from graphnet.nn.cells.lstm import lstm_cell, lstm_cell_projected
from graphnet.nn.cells.state import State
from graphnet.nn.element_research.language_model import merger
from graphnet.nn.element_research.outputs import SequenceOutputs
from graphnet.nn.element_research.recursor import Recursor
from graphnet.nn.element_research.sequencer import Sequencer, StepMerge
from graphnet.nn.layers.activation import Sigmoid
from graphnet.nn.layers.arithmetic import Add
from graphnet.nn.layers.containers import Sequential
from graphnet.nn.layers.shape import Transpose
from graphnet.nn.recurrent.bidirectional import Bidirectional
from graphnet.nn.recurrent.recurrent import Recurrent


def single_bias_lstm_cell(
    input_size: int, hidden_size: int, projection_size: int | None = None
) -> GModule:
    """The ``lstm_cell`` with one bias for each gate, with a projection if its size is given."""
    if projection_size is None:
        cell = lstm_cell(input_size, hidden_size)
    else:
        cell = lstm_cell_projected(input_size, hidden_size, projection_size)
    for gate in ("input_gate", "forget_gate", "output_gate", "candidate"):
        cell[f"{gate}.h2h"].module.bias = None
    return cell


@checked
def FastLSTM(input_size: int, hidden_size: int, mask_zero: bool = False) -> Recursor:
    """One step of an LSTM without peepholes, (batch, input_size) to (batch, hidden_size).

    Element-Research rnn's FastLSTM.lua; ``mask_zero`` is its ``maskZero()``, see ``Recursor``.
    Raises ValueError for a size below 1, ShapeError for another size of the last axis.
    """
    return Recursor(single_bias_lstm_cell(input_size, hidden_size), mask_zero=mask_zero)


@checked
def SeqLSTM(
    input_size: int, hidden_size: int, *, batch_first: bool = False, mask_zero: bool = False
) -> SequenceOutputs:
    """An LSTM over whole sequences: (steps, batch, input_size) to (steps, batch, hidden_size).

    With ``batch_first`` both are (batch, steps, …). The table {c0, h0, x} of rnn's SeqLSTM.lua is
    ``lstm(xs, prev_c=c0, prev_h=h0)`` here. Errors are those of ``Recurrent``.

    >>> import numpy as np
    >>> SeqLSTM(3, 4).remember().forward(np.ones((5, 2, 3)), prev_h=np.ones((2, 4))).shape
    (5, 2, 4)
    """
    cell = single_bias_lstm_cell(input_size, hidden_size)
    return SequenceOutputs(Recurrent(cell, batch_first=batch_first, mask_zero=mask_zero))


@checked
def SeqLSTMP(
    input_size: int,
    hidden_size: int,
    output_size: int,
    *,
    batch_first: bool = False,
    mask_zero: bool = False,
) -> SequenceOutputs:
    """A SeqLSTM whose output is projected: (steps, batch, input_size) to (…, output_size).

    c is (batch, hidden_size), h (batch, output_size); the projection has no bias. Sak et al. 2014;
    Element-Research rnn's SeqLSTMP.lua. Layouts and errors are those of ``SeqLSTM``.
    """
    cell = single_bias_lstm_cell(input_size, hidden_size, output_size)
    return SequenceOutputs(Recurrent(cell, batch_first=batch_first, mask_zero=mask_zero))


@checked
def SeqGRU(
    input_size: int, hidden_size: int, *, batch_first: bool = False, mask_zero: bool = False
) -> SequenceOutputs:
    """A GRU over whole sequences: (steps, batch, input_size) to (steps, batch, hidden_size).

    With ``batch_first`` both are (batch, steps, …). The table {h0, x} of rnn's SeqGRU.lua is
    ``gru(xs, prev_h=h0)`` here. Errors are those of ``Recurrent``.
    """
    cell = gru_cell(input_size, hidden_size, reset="before", hidden_bias=False)
    return SequenceOutputs(Recurrent(cell, batch_first=batch_first, mask_zero=mask_zero))


@checked
def SeqBRNN(
    input_size: int, hidden_size: int, batch_first: bool = False, merge: Module | None = None
) -> Sequential:
    """Two SeqLSTMs, forward and backward, and the sum of their outputs.

    (steps, batch, input_size) to (steps, batch, hidden_size), or (batch, steps, …) with
    ``batch_first``. ``merge`` takes the table of both outputs, which are (steps, batch,
    hidden_size) in either layout. Element-Research rnn's SeqBRNN.lua. Errors are those of
    ``Recurrent``.
    """
    forward, backward = (single_bias_lstm_cell(input_size, hidden_size) for _ in range(2))
    parts = [Bidirectional(forward, backward, merge or CAddTable()), SelectTable(0)]
    if batch_first:
        parts = [Transpose((0, 1)), *parts, Transpose((0, 1))]
    return Sequential(*parts)


@checked
def BiSequencer(
    forward: Module, backward: Module | None = None, merge: Module | int | None = None
) -> GModule:
    """Two one-step modules over a sequence, forward and backward: the sequence of merged outputs.

    A sequence is what ``Sequencer`` takes: a table of steps, or one array (steps, …); so is the
    output. ``backward`` is a clone of ``forward`` by default. ``merge`` takes the table of both
    outputs of a step and joins them along the last axis by default; a number is that of axes of a
    step without the batch, whose first is joined. Element-Research rnn's BiSequencer.lua. Errors
    are those of ``Sequencer``.
    """
    steps = input("steps")
    forwards = Sequencer(forward)(steps)
    backwards = Sequencer(backward or forward.clone(), reverse=True)(steps)
    merged = StepMerge(merger(merge))([steps, forwards, backwards])
    return GModule([steps], [merged])


@checked
def feedback_cell(
    size: int,
    input_module: Module,
    feedback: Module,
    transfer: Module | None = None,
    merge: Module | None = None,
) -> GModule:
    """The cell of Element-Research rnn's Recurrent.lua, composed of modules.

    Inputs ``(x, prev_h, started)``, outputs ``(next_h, next_started, next_h)``::

        h' = transfer(merge([input(x), feedback(h)])),  transfer(input(x) + start) at the first step

    h is (…, size), x is what ``input_module`` takes, ``started`` (…, 1) is 0 before the first step
    and 1 after it. ``transfer`` is a Sigmoid by default, ``merge`` a sum. Raises ValueError for a
    size below 1.
    """
    x, prev_h, started = input(), State(size)(), State(1)()
    i2h = input_module(x)
    start = Add(size)(i2h)
    h2h = feedback(prev_h)
    merged = (merge or CAddTable())([i2h, h2h])
    total = started * merged + (1 - started) * start
    next_h = (transfer or Sigmoid())(total)
    next_started = 0 * started + 1
    return GModule([x, prev_h, started], [next_h, next_started, Identity()(next_h)])
