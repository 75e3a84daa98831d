"""Spellings of arguments: former ones, PyTorch's, Torch's, and what to write instead.

A name counts only where the function called has the argument that it stands for, and none of this
name itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

FORMER: dict[str, tuple[str, ...]] = {
    "weights": ("weight",),
    "epsilon": ("eps",),
    "epsilon_inside": ("eps_inside",),
    "clip_norm": ("max_norm",),
    "clip_value": ("max_value",),
    "largest": ("max_norm",),
    "bound": ("max_value",),
}
"""Names of former releases. Files and checkpoints may give them, calls may not."""

SAME: dict[str, tuple[str, ...]] = {
    # PyTorch's layers
    "dim": ("axis",),
    "num_embeddings": ("count",),
    "embedding_dim": ("size",),
    "normalized_shape": ("size",),
    "start_dim": ("start_axis",),
    "end_dim": ("end_axis",),
    "unflattened_size": ("sizes",),
    "name": ("parameter",),
    "d_model": ("size",),
    "is_causal": ("causal",),
    "dropout_p": ("dropout",),
    "in1_features": ("in_features_a",),
    "in2_features": ("in_features_b",),
    "min": ("min_value",),
    "max": ("max_value",),
    "min_val": ("min_value",),
    "max_val": ("max_value",),
    "lambd": ("threshold", "decay"),
    "proj_size": ("projection_size",),
    # arguments of trainings elsewhere
    "loss_fn": ("criterion",),
    "loss_function": ("criterion",),
    "num_epochs": ("epochs",),
    "max_epochs": ("epochs",),
    "max_grad_norm": ("max_norm",),
    "gradient_clip_val": ("max_norm",),
    # PyTorch's optimisers
    "lr": ("learning_rate",),
    "alpha": ("power", "decay"),
    "rho": ("decay", "steps"),
    "t0": ("average_after",),
    "initial_accumulator_value": ("initial_sum",),
    # Torch's
    "inputSize": ("in_features", "input_size", "size"),
    "inputSize1": ("in_features_a",),
    "inputSize2": ("in_features_b",),
    "inputDimension": ("in_features",),
    "inputDim": ("input_size",),
    "outputSize": ("out_features", "output_size", "hidden_size", "size"),
    "outputsize": ("output_size", "hidden_size"),
    "outputDimension": ("out_features",),
    "hiddenDim": ("hidden_size",),
    "maxoutNumber": ("pieces",),
    "nFeature": ("num_features",),
    "outputDim": ("axis",),
    "nInputDims": ("input_dims",),
    "nInputDim": ("input_dims",),
    "numInputDims": ("input_dims",),
    "nOutputDim": ("output_dims",),
    "ndim": ("input_dims",),
    "nIndex": ("count",),
    "nOutput": ("size", "num_features"),
    "nf": ("count",),
    "pad": ("size",),
    "maxNorm": ("max_norm",),
    "normType": ("norm_type",),
    "constant_scalar": ("constant",),
    "pow": ("exponent",),
    "p": ("exponent",),
    "negval": ("negative_slope",),
    "th": ("threshold",),
    "v": ("value",),
    "l": ("lower",),
    "u": ("upper",),
    "lambda": ("threshold", "strength"),
    "lam": ("threshold",),
    "l1weight": ("weight",),
    "transA": ("transpose_a",),
    "transB": ("transpose_b",),
    "trans": ("transpose",),
    "asLong": ("as_long",),
    "recurrentModule": ("module",),
    "fwd": ("forward",),
    "bwd": ("backward",),
    "start": ("size",),
    "input": ("input_module",),
    "batchfirst": ("batch_first",),
    # Torch's optimisers
    "eta0": ("learning_rate",),
    "stepsize": ("learning_rate",),
    "etaplus": ("increase",),
    "etaminus": ("decrease",),
    "stepsizemin": ("smallest",),
    "stepsizemax": ("largest",),
    "niter": ("iterations",),
    "decayRate": ("decay",),
    "offset": ("eps",),
    "tolFun": ("tolerance_grad",),
    "tolX": ("tolerance_change",),
    "nCorrection": ("history_size",),
    "int": ("interpolation",),
    "ext": ("extrapolation",),
    "nInputPlane": ("in_channels",),
    "nOutputPlane": ("channels", "out_channels"),
    "inputFrameSize": ("in_channels",),
    "outputFrameSize": ("out_channels",),
    "kernel_size": ("kernel_width",),
    "stride": ("stride_width",),
    "kW": ("kernel_width",),
    "kH": ("kernel_height",),
    "dW": ("stride_width",),
    "dH": ("stride_height",),
    "padW": ("padding_width",),
    "padH": ("padding_height",),
    "dilationW": ("dilation_width",),
    "dilationH": ("dilation_height",),
    "adjW": ("adjustment_width",),
    "adjH": ("adjustment_height",),
    "scale_factor": ("scale",),
    "pad_l": ("left",),
    "pad_r": ("right",),
    "pad_t": ("top",),
    "pad_b": ("bottom",),
    "owidth": ("width",),
    "oheight": ("height",),
}
"""Names of PyTorch and Torch for arguments of the same meaning, which calls may give. Names that
differ in capitals and underscores alone (``sizeAverage``) need no entry."""


def size_average_of(reduction: Any) -> dict[str, Any]:
    """PyTorch's ``reduction``; raises KeyError for one that there is not."""
    return {"size_average": {"mean": True, "sum": False}[reduction]}


def pair(first: str, second: str) -> Callable[[Any], dict[str, Any]]:
    """Two arguments that PyTorch takes as one pair."""
    return lambda values: dict(zip((first, second), values, strict=True))


def nothing_if(value: Any) -> Callable[[Any], dict[str, Any]]:
    """An argument whose one possible value is what happens anyway; else raises KeyError."""
    return lambda given: {value: {}}[given]


def of_images(name: str) -> Callable[[Any], dict[str, Any]]:
    """PyTorch's size of height and width, a number or a pair of these."""

    def convert(given: Any) -> dict[str, Any]:
        height, width = (given, given) if isinstance(given, int) else given
        return {f"{name}_height": height, f"{name}_width": width}

    return convert


CONVERTED: dict[str, Callable[[Any], Mapping[str, Any]]] = {
    "reduction": size_average_of,
    "betas": pair("beta1", "beta2"),
    "etas": pair("decrease", "increase"),
    "step_sizes": pair("smallest", "largest"),
    "inplace": nothing_if(False),
    "ip": nothing_if(False),
    "shared": nothing_if(True),
    "approximate": nothing_if("none"),
    "kernel_size": of_images("kernel"),
    "stride": of_images("stride"),
    "padding": of_images("padding"),
    "dilation": of_images("dilation"),
    "output_padding": of_images("adjustment"),
}
"""What arguments of PyTorch with other values mean in ours; an exception refuses a value."""

NORMALISED = "A step is not normalised; nn.lstm_cell_layernorm is, in nn.Recursor."

DECAY = (
    "A schedule does that: optim.SGD(net).with_schedule(optim.schedules.inverse_decay(0.1)), or "
    "one by epochs for the Trainer."
)
HINTS: dict[str, str] = {
    "inplace": "Nothing is computed in place here: leave it out.",
    "reduction": "There are 'mean' and 'sum', here size_average=True and False.",
    "approximate": "GELU is computed exactly: leave it out.",
    "kernel_size": "A number, or a pair: height and width.",
    "stride": "A number, or a pair: height and width.",
    "padding": "A number, or a pair: height and width.",
    "dilation": "A number, or a pair: height and width.",
    "output_padding": "A number, or a pair: height and width.",
    "betas": "A pair, or beta1 and beta2.",
    "rho": "Sequences have any length: leave it out. Truncated backpropagation is truncate=… of "
    "nn.Recurrent and nn.LSTM.",
    "dimension": "Write axis; axes are counted from 0, Torch's from 1.",
    "ip": "Nothing is computed in place here: leave it out.",
    "shared": "MapTable applies one module, whose parameters all entries share.",
    "lazy": "nn.VariationalDropout keeps one mask for all steps of a sequence.",
    "mono": "nn.VariationalDropout keeps one mask for all steps of a sequence.",
    "pos": "Write axis; axes are counted from 0, Torch's from 1.",
    "paddingValue": "Write padding_idx, which is counted from 0; Torch's is counted from 1.",
    "Parallel.inputDimension": "Write input_axis; axes are counted from 0, Torch's from 1.",
    "Parallel.outputDimension": "Write output_axis; axes are counted from 0, Torch's from 1.",
    "CReLU.nInputDims": "Write axis, which is -nInputDims.",
    "CReLU.nInputDim": "Write axis, which is -nInputDims.",
    "FastLSTM.eps": NORMALISED,
    "FastLSTM.momentum": NORMALISED,
    "FastLSTM.affine": NORMALISED,
    "FastLSTM.p": "nn.lstm_cell_variational has dropout inside, in nn.Recursor.",
    "cell2gate": "nn.lstm_cell_peephole has these products, nn.lstm_cell has none.",
    "silent": "MaskZero never prints anything: leave it out.",
    "transfer": "A cell takes functions that make modules: gate=nn.Sigmoid, squash=nn.Tanh.",
    "padding_idx": "nn.LookupTableMaskZero has a row of zeros for padding, at index 0.",
    "device": "Everything is computed on the processor: leave it out.",
    "dtype": "net.float() and net.double() convert a whole net.",
    "optimizer": "Training is the trainer's: train.Trainer(net, criterion, optimizer).",
    "params": "An optimiser takes the net itself: optim.Adam(net).",
    "lr": "The learning rate is the optimiser's: optim.Adam(net, learning_rate=…).",
    "learning_rate": "The learning rate is the optimiser's: optim.Adam(net, learning_rate=…).",
    "batch_size": "Batches are given as they are: [(input, target), …].",
    "prob": "Write p.",
    "rate": "Write p.",
    "probability": "Write p.",
    "elementwise_affine": "weight and bias are always there; bias=False leaves out the bias.",
    "add_bias_kv": "There is no such row beside the keys: leave it out.",
    "add_zero_attn": "There is no such row beside the keys: leave it out.",
    "max_len": "nn.PositionalEncoding takes any number of steps: leave it out.",
    "num_parameters": "Write channels, which is 0 for one slope in common.",
    "label_smoothing": "nn.CrossEntropyCriterion has it.",
    "pos_weight": "nn.BCEWithLogitsCriterion has it.",
    "castTarget": "Targets that are integers stay so: leave it out.",
    "lr_decay": DECAY,
    "learningRateDecay": DECAY,
    "learningRates": "Set optimizer.learning_rates, factors on the rate, one for each number.",
    "weightDecays": "Set optimizer.weight_decays, one for each number.",
    "groups": "Of one optimiser: optim.Adam(net).group('*.bias', weight_decay=0.0).",
    "lineSearch": "LBFGS searches with line_search_fn='strong_wolfe', or not at all.",
    "line_search": "LBFGS searches with line_search_fn='strong_wolfe', or not at all.",
    "nesterov": "optim.SGD(net, momentum=…, nesterov=True), or optim.NAG.",
    "amsgrad": "This variant of Adam is not there.",
    "maximize": "Change the sign of the loss.",
}
"""What to write instead, where that is not a mere name; of one class, as ``Class.argument``."""

TOO_LARGE: dict[str, tuple[int, str]] = {
    "num_layers": (9, "The third argument is num_layers, not Torch's rho. Is it meant? Name it.")
}
"""The most that an argument given by its position may be, and what else may have been meant."""


def former_name(name: str, known: Collection[str]) -> str:
    """The present name of an argument, from a file; unchanged if it is none of a former release."""
    return first_of(FORMER.get(name, ()), known) or name if name not in known else name


def same_name(name: str, known: Collection[str]) -> str:
    """The argument of which another library's name has the same meaning; empty without one."""
    alike = (each for each in known if bare(each) == bare(name))
    return first_of(SAME.get(name, ()), known) or next(alike, "")


def first_of(names: Collection[str], known: Collection[str]) -> str:
    return next((name for name in names if name in known), "")


def bare(name: str) -> str:
    """A name without capitals and underscores."""
    return name.replace("_", "").lower()
