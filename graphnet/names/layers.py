"""Names of layers, criteria and cells that are looked for in ``nn``."""

from __future__ import annotations

from graphnet.names.cells import CELLS
from graphnet.names.table import Names
from graphnet.names.torch_layers import NOT_THERE, OF_IMAGES, OF_TORCH

LAYERS = Names(
    aliases={
        "gModule": "GModule",
        "Embedding": "LookupTable",
        "MSELoss": "MSECriterion",
        "L1Loss": "AbsCriterion",
        "SmoothL1Loss": "SmoothL1Criterion",
        "HuberLoss": "HuberCriterion",
        "PoissonNLLLoss": "PoissonNLLCriterion",
        "BCEWithLogitsLoss": "BCEWithLogitsCriterion",
        "HingeEmbeddingLoss": "HingeEmbeddingCriterion",
        "SoftMarginLoss": "SoftMarginCriterion",
        "Softmax": "SoftMax",
        "LogSoftmax": "LogSoftMax",
        "Softmin": "SoftMin",
        "Softplus": "SoftPlus",
        "Softsign": "SoftSign",
        "Softshrink": "SoftShrink",
        "Hardshrink": "HardShrink",
        "Hardtanh": "HardTanh",
        "Tanhshrink": "TanhShrink",
        "GLU": "GatedLinearUnit",
        "SpatialDilatedConvolution": "SpatialConvolution",
        "Swish": "SiLU",
        "Hardsigmoid": "HardSigmoid",
        "Hardswish": "HardSwish",
        "Softmax2d": "SpatialSoftMax",
        "Clip": "Clamp",
    },
    equivalents={
        "Module": "`gn.Module`, whose method is compute(self, x), not forward",
        "input": "`gn.input()`",
        "draw": "`gn.draw(net)`",
        "ModuleList ParameterList": "a list, `self.layers = [nn.Tanh()]`: what is in it is a part",
        "ModuleDict ParameterDict": "a dict, `self.layers = {'a': nn.Tanh()}`: what is in it is a "
        "part",
        "functional": "modules on nodes and arrays, `nn.Tanh()(array)`; `ops` in compute",
        "utils": "`optim.clip_grad_norm(net, 5.0)`; sequences of different lengths are not packed: "
        "`lstm.forward(xs, lengths=[5, 2])`",
        "CrossEntropyLoss": "`nn.CrossEntropyCriterion()`, whose classes are on the last axis",
        "NLLLoss": "`nn.ClassNLLCriterion()`, whose classes are on the last axis",
        "BCELoss": "`nn.BCECriterion()`, which adds 1e-12 within its logarithms",
        "KLDivLoss": "`nn.DistKLDivCriterion()`, the mean of all entries",
        "MultiMarginLoss": "`nn.MultiMarginCriterion(p=1, margin=1.0)`",
        "MultiLabelMarginLoss": "`nn.MultiLabelMarginCriterion()`",
        "MultiLabelSoftMarginLoss": "`nn.MultiLabelSoftMarginCriterion()`",
        "MarginRankingLoss": "`nn.MarginRankingCriterion()`, of [[a, b], target], "
        "which divides by the length of the first axis",
        "CosineEmbeddingLoss": "`nn.CosineEmbeddingCriterion()`, of [[a, b], target]",
        "TripletMarginLoss": "`nn.TripletMarginCriterion()`, of [anchor, positive, negative]",
        "GaussianNLLLoss": "`nn.GaussianNLLCriterion()`, of [[mean, variance], target]",
        "CTCLoss CTCCriterion": NOT_THERE + "`nn.CrossEntropyCriterion()` takes a class for each "
        "step",
        "VRClassReward BinaryClassReward": "`run.backward(gradient)`, of any gradient of the "
        "outputs: that of a reward too",
        "CriterionTable": "`nn.MSECriterion()`: a criterion is a module of [input, target]",
        "LSTMCell": "`nn.lstm_cell(3, 4)`, from (x, c, h) to (c, h); `nn.Recurrent(cell)` runs it",
        "GRUCell": "`nn.gru_cell(3, 4)`, from (x, h) to h; `nn.Recurrent(cell)` runs it",
        "RNNCell": "`nn.rnn_cell(3, 4)`, from (x, h) to h; `nn.Recurrent(cell)` runs it",
        **CELLS,
        "BiLSTM BLSTM": "`nn.LSTM(3, 4, bidirectional=True)`, or `nn.Bidirectional(cell, cell)`",
        "Dense": "`nn.Linear(3, 4)`",
        "TimeDistributed": "`nn.Linear(3, 4)` takes any leading axes; `nn.Sequencer(nn.Tanh())`",
        "Lambda": "`nn.Function`, or a subclass of `gn.Module`",
        "Permute": "`nn.Transpose((0, 1))`",
        "Concatenate": "`nn.JoinTable(-1)`",
        "CosineSimilarity": "`nn.CosineDistance()`, of a table of two",
        "LazyBatchNorm1d SyncBatchNorm": "`nn.BatchNorm1d(4)`, with the number of features",
        "weight_norm": "`nn.WeightNorm(nn.Linear(3, 4))`",
        **OF_IMAGES,
        **OF_TORCH,
        "Transformer": "`nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2), 6)`, and "
        "`nn.TransformerDecoder(nn.TransformerDecoderLayer(8, 2), 6)`",
        "MultiHeadAttention": "`nn.MultiheadAttention(8, 2)`",
        "scaled_dot_product_attention": "`nn.ScaledDotProductAttention()`, where True in a mask "
        "leaves a key out",
        "BahdanauAttention": "`nn.AdditiveAttention(3, 4, 5)`",
        "LuongAttention": "`nn.MultiplicativeAttention(3, 4)`",
        "AttentionCell AttentionDecoder": "`nn.Recurrent(nn.attention_decoder_cell(3, 4, 5), "
        "constants=['memory'])`",
        "DataParallel": "`gn.set_threads(2)`: a run uses all cores",
        "SGD Adam": "`optim.Adam(net)`: optimisers are in optim",
        "StochasticGradient": "`train.Trainer`",
    },
)
"""Of ``graphnet.nn`` (``torch.nn``, Torch's nn and rnn, Keras's layers)."""
