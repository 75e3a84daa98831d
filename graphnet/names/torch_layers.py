"""Layers of other libraries that are none here, or have other names, with what to write instead."""

PROCESSOR = "everything is computed on the processor: leave it out"
NOT_THERE = "not there (graphnet is made for sequences, tables and graphs); "

OF_TORCH = {
    "LinearNoBias": "`nn.Linear(3, 4, bias=False)`",
    "SparseLinear IndexLinear": NOT_THERE + "of words, the sum of rows: `nn.Sequential("
    "nn.LookupTable(6, 4), nn.Sum(-2))`",
    "LayerNormalization": "`nn.LayerNorm(4)`",
    "Highway": "`nn.Sigmoid()(x) * y + (1 - nn.Sigmoid()(x)) * x`",
    "Kmeans": NOT_THERE + "`nn.Euclidean(3, 4)` is the distance to learned centres",
    "Copy Convert DontCast": "`net.float()` and `net.double()` convert a whole net, and its "
    "inputs follow",
    "ExpandAs": "shapes broadcast: `nn.CMulTable()([a, b])`",
    "SAdd": "`1 - node`, `node + 2`",
    "CopyGrad": "`nn.Identity()`: gradients are arrays of their own",
    "NaN": "`net.run(array, check_finite=True)`",
    "Profile": "`net.profile(array)`",
    "PrintSize": "`net.summary((2, 3))`",
    "GPU": PROCESSOR,
    "Decorator": "a subclass of `gn.Module`, with the module as an attribute",
    "Serial": "`net.save('net.gn')` writes parameters alone",
    "TrimZero": "`nn.MaskZero(nn.Linear(3, 4))`",
    "NormStabilizer": NOT_THERE + "a term of the loss, of the states: `nn.Square()(node)`",
    "Dictionary": "`nn.LookupTable(6, 4)`",
    "Inception FireModule": "wired of layers and `nn.Concat(1, nn.Tanh(), nn.Identity())`",
    "SoftMaxTree SoftMaxForest": NOT_THERE + "`nn.NCEModule(3, 6, 2, np.ones(6))` scores few "
    "of many classes",
    "NCE NCELoss": "`nn.NCEModule(3, 6, 2, np.ones(6))`, with `nn.NCECriterion()`",
    "Reinforce ReinforceBernoulli ReinforceCategorical ReinforceNormal ReinforceGamma "
    "VRClassReward": NOT_THERE + "a gradient of one's own is that of `nn.Function`",
    "CategoricalEntropy Bigrams": NOT_THERE + "it is wired of `nn.Log()` and `nn.Sum(-1)`",
    "AbstractRecurrent AbstractSequencer": "`nn.Recurrent(nn.gru_cell(3, 4))`",
    "RecurrentAttention Grid2DLSTM": NOT_THERE + "a cell is any graph: `nn.Recurrent(cell)`",
    "CriterionTable": "a criterion takes a table: `nn.MSECriterion()([x, y])`",
}
"""Equivalents of names, as in ``Names``."""

OF_IMAGES = {
    "Conv1d": "`nn.TemporalConvolution(3, 8, 5)`, of (batch, steps, channels)",
    "Conv2d": "`nn.SpatialConvolution(3, 8, kernel_size=5, padding=2)`; without names Torch's "
    "order, widths before heights",
    "ConvTranspose2d": "`nn.SpatialFullConvolution(3, 8, kernel_size=5, stride=2)`",
    "MaxPool1d": "`nn.TemporalMaxPooling(2)`, of (batch, steps, channels)",
    "MaxPool2d": "`nn.SpatialMaxPooling(kernel_size=2)`, with Torch's order: widths first",
    "AvgPool1d": "`nn.Mean(0)`, over a whole axis",
    "AvgPool2d": "`nn.SpatialAveragePooling(kernel_size=2, stride=2)`, whose stride is 1 "
    "unless it is given",
    "AdaptiveAvgPool2d": "`nn.SpatialAdaptiveAveragePooling(4, 3)`, width and height",
    "AdaptiveMaxPool2d": "`nn.SpatialAdaptiveMaxPooling(4, 3)`, width and height",
    "ZeroPad2d": "`nn.SpatialZeroPadding(1, 1, 2, 2)`: left, right, top, bottom",
    "Upsample UpsamplingNearest2d": "`nn.SpatialUpSamplingNearest(2)`",
    "Dropout2d": "`nn.SpatialDropout(0.5)`, which scales in evaluation, as Torch's",
    "Conv2D": "`nn.SpatialConvolution(3, 8, 5, 5)`, with channels first",
}
"""Layers of images in PyTorch and Keras; Torch's are here by their own names."""
