"""Names of Element-Research's rnn: modules of one step, and their iteration over sequences.

Its LSTM (with peepholes) and GRU have names that here belong to PyTorch's; they are
``Recursor(lstm_cell_peephole(…, hidden_bias=False))`` and ``Recursor(gru_cell(…, reset="before",
hidden_bias=False))``.
"""

from graphnet.nn.element_research.layers import (
    BiSequencer,
    FastLSTM,
    SeqBRNN,
    SeqGRU,
    SeqLSTM,
    feedback_cell,
)
from graphnet.nn.element_research.lookup import LookupTableMaskZero
from graphnet.nn.element_research.outputs import SequenceOutputs
from graphnet.nn.element_research.recursor import Recursor
from graphnet.nn.element_research.sequencer import Repeater, Sequencer

__all__ = [
    "BiSequencer",
    "FastLSTM",
    "LookupTableMaskZero",
    "Recursor",
    "Repeater",
    "SeqBRNN",
    "SeqGRU",
    "SeqLSTM",
    "SequenceOutputs",
    "Sequencer",
    "feedback_cell",
]
