"""Names of Element-Research's rnn: modules of one step, and their iteration over sequences.

Its LSTM (with peepholes) and GRU have names that here belong to PyTorch's; they are
``Recursor(lstm_cell_peephole(…, hidden_bias=False))`` and ``Recursor(gru_cell(…, reset="before",
hidden_bias=False))``.
"""

from graphnet.nn.element_research.language_model import BiSequencerLM
from graphnet.nn.element_research.layers import (
    BiSequencer,
    FastLSTM,
    SeqBRNN,
    SeqGRU,
    SeqLSTM,
    SeqLSTMP,
    feedback_cell,
)
from graphnet.nn.element_research.lookup import LookupTableMaskZero
from graphnet.nn.element_research.nce import NCECriterion, NCEModule
from graphnet.nn.element_research.outputs import SequenceOutputs
from graphnet.nn.element_research.recurrence import Recurrence
from graphnet.nn.element_research.recursor import Recursor
from graphnet.nn.element_research.sequencer import Repeater, Sequencer

__all__ = [
    "BiSequencer",
    "BiSequencerLM",
    "FastLSTM",
    "LookupTableMaskZero",
    "NCECriterion",
    "NCEModule",
    "Recurrence",
    "Recursor",
    "Repeater",
    "SeqBRNN",
    "SeqGRU",
    "SeqLSTM",
    "SeqLSTMP",
    "SequenceOutputs",
    "Sequencer",
    "feedback_cell",
]
