"""What traced arrays do not have, values and other libraries' methods, with what does instead."""

from __future__ import annotations

from typing import Any

from graphnet.errors import DtypeError, UnknownNameError
from graphnet.names.table import Names

VALUES = ("item", "tolist", "numpy", "data", "cpu")
"""What gives the numbers of other libraries' arrays."""

SHOWN = (
    "net.run(array) and run['name'] show them. To compute with them: graphnet.ops in compute(), or "
    "nn.Function for NumPy code."
)

AS_NUMBER = (
    "compute runs once, to learn what is computed, before any numbers come in. Compute with the "
    "array itself, x * 2 or x.mean(); nn.Function runs code that needs the numbers."
)

ARRAYS = Names(
    aliases={},
    equivalents={
        "detach": "`ops.stop_gradient(x)`",
        "view flatten ravel resize": "`x.reshape(3, 2)`, `x.reshape(-1)`",
        "permute t swapaxes moveaxis": "`x.T`, `x.transpose(1, 0)`",
        "squeeze": "`x[:, 0]`, or `x.reshape(6)`",
        "unsqueeze expand_dims": "`x[:, None]`",
        "expand expand_as repeat tile": "`ops.broadcast_to(x, (4, 2, 3))`",
        "dot mm bmm matmul": "`x @ x.T`",
        "add sub mul div": "`x + x`, `x - x`, `x * x`, `x / x`",
        "var std": "`((x - x.mean(0)) ** 2).mean(0)`, and `ops.sqrt` of it",
        "norm": "`ops.sqrt((x**2).sum())`",
        "clip clamp": "`ops.minimum(ops.maximum(x, 0.0), 1.0)`",
        "relu": "`ops.maximum(x, 0)`",
        "abs": "`abs(x)`, `ops.absolute(x)`",
        "pow": "`x**2`",
        "exp log sqrt tanh sigmoid": "`ops.exp(x)`, `ops.log(x)`, `ops.sqrt(x)`, `ops.tanh(x)`, "
        "`ops.sigmoid(x)`",
        "softmax log_softmax logsumexp": "`ops.softmax(x)`, `ops.log_softmax(x)`, "
        "`ops.logsumexp(x)`",
        "masked_fill fill masked_fill_ fill_ zero_": "`ops.where(x > 0, x, 0)`, a new array",
        "concatenate cat stack": "`ops.concatenate([x, x])`, `ops.stack([x, x])`",
        "chunk split unbind narrow": "`x[:, :2]`, `x[0]`",
        "index_select gather": "`ops.take(x, np.array([0, 1]))`",
        "float double half long int to type": "`x.astype(float)`",
        "copy clone contiguous": "nothing to do, arrays do not change: leave it out",
        "dim": "`x.ndim`",
        "numel": "`x.size`",
    },
)
"""Of traced arrays (NumPy's arrays, PyTorch's tensors): ``x`` is one of shape (2, 3)."""

OPERATIONS = Names(
    aliases={"abs": "absolute", "cat": "concatenate", "mm": "matmul"},
    equivalents={
        "sum": "`x.sum(0)`",
        "mean average": "`x.mean(0)`",
        "max amax": "`x.max(0)`, the largest entries; of two arrays, `ops.maximum(x, x)`",
        "min amin": "`x.min(0)`, the smallest entries; of two arrays, `ops.minimum(x, x)`",
        "reshape view flatten ravel": "`x.reshape(3, 2)`, `x.reshape(-1)`",
        "transpose permute swapaxes": "`x.transpose(1, 0)`, `x.T`",
        "astype": "`ops.cast(x, float)`, `x.astype(float)`",
        "squeeze unsqueeze expand_dims": "`x[:, 0]`, `x[:, None]`",
        "split chunk": "`x[:, :2]`, `x[:, 2:]`",
        "add subtract sub multiply mul divide div": "`x + x`, `x - x`, `x * x`, `x / x`",
        "power pow square": "`x**2`",
        "negative": "`-x`",
        "dot bmm": "`x @ x.T`",
        "var std": "`((x - x.mean(0)) ** 2).mean(0)`, and `ops.sqrt` of it",
        "clip clamp": "`ops.minimum(ops.maximum(x, 0.0), 1.0)`",
        "relu": "`ops.maximum(x, 0)`",
        "ones ones_like full": "`ops.zeros((2, 3)) + 1`",
        "zeros_like": "`ops.zeros(x.shape)`",
        "rand random": "`ops.uniform((2, 3), float)`",
    },
)
"""Of ``graphnet.ops`` (NumPy, ``torch``): ``x`` is an array of shape (2, 3)."""


def no_values(type: Any) -> DtypeError:
    """The error for code that asks for the numbers in a traced array."""
    return DtypeError(f"has no values while it is traced ({type})", SHOWN, "array")


def no_number(doing: str, type: Any) -> DtypeError:
    """The error for code that is ``doing`` what needs a number: ``calls float(x)``."""
    problem = f"{doing}, but x has no values while it is traced ({type})"
    return DtypeError(problem, AS_NUMBER, "compute")


def no_truth(type: Any) -> DtypeError:
    """The error for ``if x``, also where ``and``, ``or``, ``not``, ``while`` ask."""
    return DtypeError(
        f"asks whether x is true (if, while, and, or, not, bool), but x has no truth value while "
        f"it is traced ({type})",
        "compute runs once, before any numbers come in. ops.where(condition, a, b) chooses for "
        "each entry, in place of if.",
        "compute",
    )


def no_attribute(array: Any, name: str) -> Exception:
    """The error for an attribute that traced arrays do not have."""
    if name.startswith("__"):  # protocols of Python and of libraries, which only ask
        return AttributeError(name)
    if name in VALUES:
        error = no_values(array.type)
        return UnknownNameError(error.problem, error.hint, error.subject)
    found = ARRAYS.error(array, "compute", name)
    found.problem = f"uses .{name} of a traced array, which has no such attribute"
    return found


def no_assignment(index: Any) -> DtypeError:
    return DtypeError(
        f"writes to entry {index!r:.60} of a traced array, which does not change",
        "ops.where(mask, a, b) makes a new array, as do ops.concatenate and ops.stack of parts.",
        "compute",
    )


def no_tensor(function: Any) -> DtypeError:
    name = getattr(function, "__name__", "")
    hint = OPERATIONS.equivalents.get(name, f"graphnet.ops, such as ops.{name}(x)").replace("`", "")
    return DtypeError(
        f"calls torch.{name} on a traced array, which is no tensor", f"Here: {hint}.", "compute"
    )
