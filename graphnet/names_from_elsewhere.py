"""Names of PyTorch, Torch and Keras, with what stands for them here: aliases and equivalents."""

from __future__ import annotations

from graphnet.name_table import Names
from graphnet.names_of_cells import CELLS
from graphnet.names_of_torch import NOT_THERE, OF_IMAGES, OF_TORCH, PROCESSOR

BY_MODULES = "nodes are wired of modules: "
IN_A_RUN = "a node has its value in a run, `run = net.run(array)`: "

PACKAGE = Names(
    aliases={"gModule": "GModule", "set_num_threads": "set_threads"},
    equivalents={
        "tensor Tensor from_numpy DoubleTensor": "NumPy's arrays, `np.array([1.0, 2.0])`",
        "FloatTensor": "`np.zeros((2, 3), np.float32)`, and `net.float()`",
        "LongTensor": "`np.zeros((2, 3), int)`",
        "zeros ones full": "`np.zeros((2, 3))`, and `ops.zeros((2, 3))` in compute",
        "arange": "`np.arange(3)`",
        "rand randn randint": "`np.random.default_rng(0).normal(size=(2, 3))`, and its kin",
        "cat concat": "`np.concatenate([array, array])` of arrays, `ops.concatenate` in compute, "
        "`nn.JoinTable(0)([a, b])` of nodes",
        "stack": "`np.stack([array, array])` of arrays, `ops.stack` in compute, "
        "`nn.StackTable(0)([a, b])` of nodes; of cells, `nn.stack(cell)`",
        "matmul mm bmm": "`array @ array.T` of arrays, `ops.matmul` in compute, "
        "`nn.MM()([a, b])` of nodes",
        "sigmoid": "`nn.Sigmoid()(node)`, and `ops.sigmoid` in compute",
        "tanh": "`nn.Tanh()(node)`, and `ops.tanh` in compute",
        "relu": "`nn.ReLU()(node)`, and `ops.maximum` in compute",
        "softmax": "`nn.SoftMax()(node)`, and `ops.softmax` in compute",
        "exp log": "`nn.Exp()(node)`, and `ops.exp` in compute; `nn.Log()(node)`, `ops.log`",
        "sum": "`nn.Sum(0)(node)`, and `array.sum(0)` of arrays and in compute",
        "mean": "`nn.Mean(0)(node)`, and `array.mean(0)` of arrays and in compute",
        "where": "`np.where` of arrays, `ops.where` in compute",
        "no_grad inference_mode": "`net.evaluate()`: nothing is kept then for backward, "
        "which alone computes gradients",
        "enable_grad": "`net.train()`; backward alone computes gradients",
        "autograd grad": "`run.backward(gradient)`, and `nn.Function` for a gradient of one's own",
        "device cuda": PROCESSOR,
        "is_tensor": "`isinstance(array, np.ndarray)`",
        "float32 float64 int64 float double long": "`np.float32`, `np.float64`, `np.int64`",
        "set_default_dtype": "`net.float()`; parameters are float64 at first",
        "get_num_threads": "`gn.set_threads(2)`, which sets their number",
        "compile jit": "`net.compile()`, or `gn.compile_step(net, criterion)` for a training step",
        "utils": "`train.Trainer`, `optim.clip_grad_norm(net, 5.0)`; batches are any iterable",
        "functional": "modules on nodes and arrays, `nn.Tanh()(array)`; `ops` in compute",
        "dot": "`gn.draw(net).save('net.svg')`",
        "annotateNodes": "`node.annotate('x')`; nodes take the names of variables",
        "Variable Input placeholder": "`gn.input()`; arrays are NumPy's",
        "Model": "`gn.GModule([x], [y])`",
        "Sequential Linear LSTM Recurrent Tanh": "`nn.Linear(3, 4)`: modules are in nn",
        "Adam SGD": "`optim.Adam(net)`: optimisers are in optim",
        "Trainer": "`train.Trainer`",
        "summary": "`net.summary((2, 3))`",
        "gradcheck": "`gn.check_gradients(linear, np.ones((2, 3)))`",
        "remember forget": "`nn.remember(recurrent)`, `nn.forget(recurrent)`",
    },
)
"""Of ``graphnet`` (``torch``, ``nngraph``)."""

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

ALL_WEIGHTS = "`nn.init.apply(net, '*.weight', {})`"
INITIALISERS = Names(
    aliases={"trunc_normal": "truncated_normal", "gain": "calculate_gain", "eye": "identity"},
    equivalents={
        "xavier_uniform_ glorot_uniform": ALL_WEIGHTS.format("nn.init.xavier_uniform()"),
        "xavier_normal_ glorot_normal": ALL_WEIGHTS.format("nn.init.xavier_normal()"),
        "kaiming_uniform_ he_uniform": ALL_WEIGHTS.format("nn.init.kaiming_uniform()"),
        "kaiming_normal_ he_normal": ALL_WEIGHTS.format("nn.init.kaiming_normal()"),
        "uniform_": ALL_WEIGHTS.format("nn.init.uniform(0.08)"),
        "normal_": ALL_WEIGHTS.format("nn.init.normal(0, 0.01)"),
        "trunc_normal_": ALL_WEIGHTS.format("nn.init.truncated_normal(0, 0.02, -0.04, 0.04)"),
        "constant_ zeros_ ones_": "`nn.init.apply(net, '*.bias', nn.init.constant(0.0))`",
        "eye_": ALL_WEIGHTS.format("nn.init.identity()"),
        "sparse_": ALL_WEIGHTS.format("nn.init.sparse(0.5)"),
        "orthogonal_": ALL_WEIGHTS.format("nn.init.orthogonal()"),
        "zeros ones": "`nn.init.constant(0.0)`",
    },
)
"""Of ``graphnet.nn.init``."""

OPTIMISERS = Names(
    aliases={},
    equivalents={
        "RMSProp AdaGrad": "`optim.RMSprop(net)`, `optim.Adagrad(net)`",
        "AdaDelta": "`optim.Adadelta(net)`",
        "lbfgs": "`optim.LBFGS(net, line_search_fn='strong_wolfe')`, and its step(closure)",
        "cg": "`optim.CG(net)`, and its step(closure)",
        "lr_scheduler StepLR": "`optim.SGD(net).with_schedule(optim.schedules.step_decay(100))`, "
        "or by epochs `train.decay_after(10, 0.97)` for the Trainer",
        "CosineAnnealingLR": "`optim.SGD(net).with_schedule(optim.schedules.cosine(1000))`",
        "LinearLR": "`optim.SGD(net).with_schedule(optim.schedules.warm_up(100))`",
        "ExponentialLR": "`optim.SGD(net).with_schedule(optim.schedules.exponential(0.999))`",
        "LambdaLR": "`optim.SGD(net).with_schedule(lambda step: 0.5)`",
        "clip_grad_norm_": "`optim.clip_grad_norm(net, 5.0)`, which takes the net",
        "clip_grad_value_": "`optim.clip_grad_value(net, 5.0)`, which takes the net",
    },
)
"""Of ``graphnet.optim`` (``torch.optim``, Torch's optim)."""

TRAINING = Names(
    aliases={},
    equivalents={
        "DataLoader Dataset TensorDataset": "any iterable of pairs, `[(array, array)]`",
        "fit checkpoint": "`train.Trainer(net, criterion, optimizer)`, and its fit",
        "StepLR lr_scheduler": "`train.decay_after(10, 0.97)`, or by steps `optim.schedules`",
        "plot": "`train.draw_losses`",
    },
)
"""Of ``graphnet.train`` (``torch.utils.data``, Keras)."""

FROZEN = (
    "`optim.SGD(net).freeze('linear.bias')` leaves parameters of a name as they are; or give the "
    "optimiser only the parts to train, and tell a trainer of the others, Trainer(…, frozen=[part])"
)

MODULES = Names(
    aliases={
        "zeroGradParameters": "zero_grad",
        "updateParameters": "update_parameters",
        "getParameters": "flatten_parameters",
        "findModules": "find_modules",
        "reset_parameters": "reset",
    },
    equivalents={
        "state_dict": "`net.save('net.gn')`, `net.parameters().named`, or for PyTorch's layers "
        "`nn.to_torch_state_dict(lstm)`",
        "load_state_dict": "`gn.load('net.gn')`, or for PyTorch's layers "
        "`nn.from_torch_state_dict(lstm, weights)`",
        "to type": "`net.float()`, `net.double()`, `net.astype('float32')`; there are no devices",
        "cuda cpu": PROCESSOR,
        "half bfloat16": "`net.float()`, the smallest type there is",
        "remember": "`nn.remember(net)`",
        "forget": "`nn.forget(net)`",
        "requires_grad requires_grad_ freeze": FROZEN,
        "maskZero": "`nn.MaskZero(net)`, or of sequences `nn.Recurrent(cell, mask_zero=True)`",
        "share sharedClone stepClone": "`net.clone(share=True)`, or `linear.weight = weight`",
        "ceil floor": "`nn.SpatialMaxPooling(2, ceil_mode=True)`",
        "setCountExcludePad setCountIncludePad": "`nn.SpatialAveragePooling(2, padding_width=1, "
        "count_include_pad=False)`",
        "noBias": "`nn.SpatialConvolution(3, 8, 5, bias=False)`",
        "output": "`run.outputs`, or `run['linear']` of a node",
        "gradInput": "`run.grad['linear']`, or what backward returns",
        "weight bias": "of a part, `net['linear'].weight`; all are in `net.parameters()`",
        "gradWeight": "`linear.weight.grad`",
        "gradBias": "`linear.bias.grad`",
        "grad": "`linear.weight.grad`, or `run.grad['linear']` of a node",
        "updateOutput": "`net.forward(array)`; authors write compute",
        "updateGradInput accGradParameters": "`run.backward(gradient)`, which follows from compute",
        "setNumInputDims": "`nn.View(6, input_dims=1)`",
        "setPartition resetPartition": "`nn.PartialLinear(3, 4).set_partition([1, 2])`",
        "setp setLambda": "a setting is an attribute: `nn.Dropout().p = 0.3`",
        "setPadding setMaxNorm setNormType": "`nn.LookupTable(6, 4, padding_idx=0, max_norm=2.0)`",
        "clearState": "nothing to do; `net.save('net.gn')` writes parameters alone",
        "register_buffer": "`self.mean = gn.Buffer(np.zeros(3))`: a buffer is an attribute",
        "register_parameter": "`self.scale = gn.Parameter((3,))`: a parameter is an attribute",
        "register_module add_module": "`self.part = nn.Tanh()`: a part is an attribute",
        "register_forward_hook": "`run['linear']`, the output of any node of `net.run(array)`",
        "register_backward_hook register_full_backward_hook": "`run.grad['linear']`, after "
        "`run.backward(gradient)`",
        "children layers": "`net.named_children()`",
        "modules listModules": "`net.named_modules()`",
        "get get_submodule": "`net['linear'].module` of a graph, `sequential[0]` of a container",
        "get_parameter": "`net.parameters()['linear.weight']`",
        "numel count_params": "`sum(p.size for p in net.parameters())`, or `net.summary((2, 3))`",
        "extra_repr": "`net.description()`",
        "fg": "`net.graph`, or `gn.draw(net)`",
        "bg": "`gn.draw(net, backward=True)`",
        "forwardnodes backwardnodes": "`net.nodes`",
        "fit fit_generator train_on_batch": "`train.Trainer(net, criterion, optimizer)`, and its "
        "fit",
        "load": "`net = gn.load('net.gn')`",
        "predict": "`net.evaluate().forward(array)`",
        "no_grad": "`net.evaluate()`; backward alone computes gradients",
    },
)
"""Of modules (``torch.nn.Module``, Torch's ``nn.Module``, nngraph's gModule)."""

NODES = Names(
    aliases={},
    equivalents={
        "view reshape flatten ravel": BY_MODULES + "`nn.Reshape(6)(node)`, `nn.View(2, 3)(node)`",
        "shape size": IN_A_RUN + "`run['linear'].shape`; without one, `net.summary((2, 3))`",
        "ndim dim dtype": IN_A_RUN + "`run['linear'].ndim`, `run['linear'].dtype`",
        "data value numpy item": IN_A_RUN + "`run['linear']`",
        "detach": IN_A_RUN + "`run['linear']`; without a gradient, `ops.stop_gradient` in compute",
        "grad requires_grad": IN_A_RUN + "`run.grad['linear']` after `run.backward(gradient)`",
        "cuda to": PROCESSOR,
        "transpose permute swapaxes t T": BY_MODULES + "`nn.Transpose((0, 1))(node)`",
        "squeeze unsqueeze expand_dims": BY_MODULES
        + "`nn.Squeeze(0)(node)`, `nn.Unsqueeze(0)(node)`",
        "expand repeat tile broadcast_to": BY_MODULES + "`nn.Replicate(3)(node)`",
        "contiguous": "nothing to do: leave it out",
        "narrow": BY_MODULES + "`nn.Narrow(0, 1, 2)(node)`",
        "select": BY_MODULES + "`nn.Select(0, 1)(node)`",
        "chunk unbind array_split": BY_MODULES + "`nn.SplitTable(0)(node).split(2)`",
        "cat hstack": BY_MODULES + "`nn.JoinTable(-1)([a, b])`",
        "concatenate vstack": BY_MODULES + "`nn.JoinTable(0)([a, b])`",
        "stack": BY_MODULES + "`nn.JoinTable(0)([nn.Unsqueeze(0)(a), nn.Unsqueeze(0)(b)])`",
        "sum mean": BY_MODULES + "`nn.Sum(0)(node)`, `nn.Mean(0)(node)`",
        "max min amax amin": BY_MODULES + "`nn.Max(0)(node)`, `nn.Min(0)(node)`",
        "matmul mm bmm": BY_MODULES + "`nn.MM()([a, b])`",
        "dot": BY_MODULES + "`nn.DotProduct()([a, b])`",
        "exp log sqrt": BY_MODULES + "`nn.Exp()(node)`, `nn.Log()(node)`, `nn.Sqrt()(node)`",
        "abs": BY_MODULES + "`nn.Abs()(node)`",
        "pow": "`node**2`",
        "clamp": BY_MODULES + "`nn.Clamp(0.0, 1.0)(node)`",
        "tanh sigmoid": BY_MODULES + "`nn.Tanh()(node)`, `nn.Sigmoid()(node)`",
        "relu softmax": BY_MODULES + "`nn.ReLU()(node)`, `nn.SoftMax()(node)`",
        "add add_": "`a + b`",
        "mul mul_": "`a * b`",
        "label": "`node.annotate(name='x')`",
        "mapindex": "`node.parents`",
    },
)
"""Of nodes (PyTorch's tensors, nngraph's nodes)."""

PARAMETERS = Names(aliases={}, equivalents={"requires_grad requires_grad_": FROZEN})
"""Of parameters (``torch.nn.Parameter``)."""

BUFFERS = Names(
    aliases={},
    equivalents={
        "copy_ fill_ zero_ add_ mul_ lerp_": "`buffer.write(array)`, in compute and elsewhere",
        "requires_grad requires_grad_ grad": "a buffer has no gradient: leave it out",
    },
)
"""Of buffers (``torch.nn.Buffer``)."""

GRAPHS = Names(
    aliases={},
    equivalents={
        "dot": "`gn.draw(net).save('net.svg')`",
    },
)
"""Of ``graphnet.graph`` (Torch's graph)."""
