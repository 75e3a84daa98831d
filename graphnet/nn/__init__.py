"""Modules: layers, table operations, activations, criteria, cells and recurrent nets."""

import sys
from typing import TYPE_CHECKING, Any

from graphnet.graph import GModule as GModule
from graphnet.graph import Parameter as Parameter
from graphnet.graph.tracebacks import public
from graphnet.graph.wiring.arithmetic import (
    AddConstant,
    CAddTable,
    CDivTable,
    CMulTable,
    CSubTable,
    MulConstant,
    Power,
    Square,
)
from graphnet.graph.wiring.table_modules import Identity, SelectTable
from graphnet.names_from_elsewhere import LAYERS
from graphnet.nn import cells, element_research, init
from graphnet.nn.cells import CELLS
from graphnet.nn.cells.conversion import merge_gates, split_gates
from graphnet.nn.cells.gru import *  # noqa: F403
from graphnet.nn.cells.light import *  # noqa: F403
from graphnet.nn.cells.lstm import *  # noqa: F403
from graphnet.nn.cells.merged import *  # noqa: F403
from graphnet.nn.cells.multiplicative import *  # noqa: F403
from graphnet.nn.cells.peephole import *  # noqa: F403
from graphnet.nn.cells.recurrent_dropout import VariationalDropout, Zoneout
from graphnet.nn.cells.regularised import *  # noqa: F403
from graphnet.nn.cells.simple import *  # noqa: F403
from graphnet.nn.cells.state import State
from graphnet.nn.criteria.classification import (
    BCECriterion,
    ClassNLLCriterion,
    CrossEntropyCriterion,
    DistKLDivCriterion,
    MultiLabelMarginCriterion,
    MultiLabelSoftMarginCriterion,
    MultiMarginCriterion,
    SoftMarginCriterion,
)
from graphnet.nn.criteria.criterion import (
    Criterion,
    ModuleFromCriterion,
    MultiCriterion,
    ParallelCriterion,
    SequencerCriterion,
)
from graphnet.nn.criteria.masked import MaskZeroCriterion
from graphnet.nn.criteria.regression import (
    AbsCriterion,
    CosineEmbeddingCriterion,
    HingeEmbeddingCriterion,
    L1Cost,
    L1HingeEmbeddingCriterion,
    MarginCriterion,
    MarginRankingCriterion,
    MSECriterion,
    SmoothL1Criterion,
)
from graphnet.nn.element_research import *  # noqa: F403
from graphnet.nn.layers import activation
from graphnet.nn.layers.activation import *  # noqa: F403
from graphnet.nn.layers.arithmetic import (
    Abs,
    Add,
    CAdd,
    CMul,
    Exp,
    GradientReversal,
    L1Penalty,
    Log,
    Mul,
    Sqrt,
)
from graphnet.nn.layers.containers import (
    Bottle,
    Concat,
    ConcatTable,
    Container,
    MapTable,
    Parallel,
    ParallelTable,
    Sequential,
)
from graphnet.nn.layers.distance import (
    Cosine,
    CosineDistance,
    Euclidean,
    PairwiseDistance,
    WeightedEuclidean,
)
from graphnet.nn.layers.dropout import Dropout
from graphnet.nn.layers.function import Function
from graphnet.nn.layers.layer_part import LayerPart
from graphnet.nn.layers.linear import Linear, LookupTable
from graphnet.nn.layers.normalization import LayerNorm
from graphnet.nn.layers.products import MM, MV, Bilinear, DotProduct, MixtureTable
from graphnet.nn.layers.rectifiers import (
    ELU,
    Clamp,
    CReLU,
    HardShrink,
    HardTanh,
    LeakyReLU,
    PReLU,
    ReLU,
    ReLU6,
    RReLU,
    SoftShrink,
    Threshold,
)
from graphnet.nn.layers.reduction import Max, Mean, Min, Normalize, Sum
from graphnet.nn.layers.shape import (
    Collapse,
    Contiguous,
    Index,
    Narrow,
    Padding,
    Replicate,
    Reshape,
    Select,
    Squeeze,
    Transpose,
    Unsqueeze,
    View,
)
from graphnet.nn.layers.tables import (
    CAddTensorTable,
    CMaxTable,
    CMinTable,
    FlattenTable,
    JoinTable,
    JustElement,
    JustTable,
    NarrowTable,
    SplitTable,
    StackTable,
    ZipTable,
)
from graphnet.nn.recurrent.bidirectional import Bidirectional
from graphnet.nn.recurrent.cell_layers import stack
from graphnet.nn.recurrent.live import Live
from graphnet.nn.recurrent.mask import MaskZero, ZeroPadding
from graphnet.nn.recurrent.recurrent import Recurrent
from graphnet.nn.recurrent.remembering import forget, remember
from graphnet.nn.recurrent.torch_layers import GRU, LSTM, RNN, LayerStates
from graphnet.nn.recurrent.torch_weights import from_torch_state_dict, to_torch_state_dict
from graphnet.nn.recurrent.unroll import unroll

__all__ = [
    "CELLS",
    "ELU",
    "GRU",
    "LSTM",
    "MM",
    "MV",
    "RNN",
    "Abs",
    "AbsCriterion",
    "Add",
    "AddConstant",
    "BCECriterion",
    "Bidirectional",
    "Bilinear",
    "Bottle",
    "CAdd",
    "CAddTable",
    "CAddTensorTable",
    "CDivTable",
    "CMaxTable",
    "CMinTable",
    "CMul",
    "CMulTable",
    "CReLU",
    "CSubTable",
    "Clamp",
    "ClassNLLCriterion",
    "Collapse",
    "Concat",
    "ConcatTable",
    "Container",
    "Contiguous",
    "Cosine",
    "CosineDistance",
    "CosineEmbeddingCriterion",
    "Criterion",
    "CrossEntropyCriterion",
    "DistKLDivCriterion",
    "DotProduct",
    "Dropout",
    "Euclidean",
    "Exp",
    "FlattenTable",
    "Function",
    "GradientReversal",
    "HardShrink",
    "HardTanh",
    "HingeEmbeddingCriterion",
    "Identity",
    "Index",
    "JoinTable",
    "JustElement",
    "JustTable",
    "L1Cost",
    "L1HingeEmbeddingCriterion",
    "L1Penalty",
    "LayerNorm",
    "LayerPart",
    "LayerStates",
    "LeakyReLU",
    "Linear",
    "Live",
    "Log",
    "LookupTable",
    "MSECriterion",
    "MapTable",
    "MarginCriterion",
    "MarginRankingCriterion",
    "MaskZero",
    "MaskZeroCriterion",
    "Max",
    "Mean",
    "Min",
    "MixtureTable",
    "ModuleFromCriterion",
    "Mul",
    "MulConstant",
    "MultiCriterion",
    "MultiLabelMarginCriterion",
    "MultiLabelSoftMarginCriterion",
    "MultiMarginCriterion",
    "Narrow",
    "NarrowTable",
    "Normalize",
    "PReLU",
    "Padding",
    "PairwiseDistance",
    "Parallel",
    "ParallelCriterion",
    "ParallelTable",
    "Power",
    "RReLU",
    "ReLU",
    "ReLU6",
    "Recurrent",
    "Replicate",
    "Reshape",
    "Select",
    "SelectTable",
    "SequencerCriterion",
    "Sequential",
    "SmoothL1Criterion",
    "SoftMarginCriterion",
    "SoftShrink",
    "SplitTable",
    "Sqrt",
    "Square",
    "Squeeze",
    "StackTable",
    "State",
    "Sum",
    "Threshold",
    "Transpose",
    "Unsqueeze",
    "VariationalDropout",
    "View",
    "WeightedEuclidean",
    "ZeroPadding",
    "ZipTable",
    "Zoneout",
    "forget",
    "from_torch_state_dict",
    "init",
    "merge_gates",
    "remember",
    "split_gates",
    "stack",
    "to_torch_state_dict",
    "unroll",
]
__all__ += list(cells.FUNCTIONS)
__all__ += element_research.__all__
__all__ += activation.__all__


def __dir__() -> list[str]:
    """The public names alone."""
    return __all__


if not TYPE_CHECKING:  # type checkers report missing names

    @public
    def __getattr__(name: str) -> Any:
        """What a name of another library stands for, or an error that tells it."""
        return LAYERS.attribute(sys.modules[__name__], __name__, name)
