"""Names that are looked for in ``graphnet``, ``nn.init``, ``optim`` and ``train``."""

from __future__ import annotations

from graphnet.names.table import Names
from graphnet.names.torch_layers import PROCESSOR

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
