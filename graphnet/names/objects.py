"""Names of attributes that are looked for on modules, nodes, parameters and graphs."""

from __future__ import annotations

from graphnet.names.table import Names
from graphnet.names.torch_layers import PROCESSOR

BY_MODULES = "nodes are wired of modules: "
IN_A_RUN = "a node has its value in a run, `run = net.run(array)`: "

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
