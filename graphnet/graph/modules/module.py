"""Module: an author writes ``compute``; running, gradients, parameters and wiring follow."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from graphnet.graph.modules.optional import arranged
from graphnet.graph.modules.parts import (
    checked_attribute,
    parts_of,
    private,
    text_of_parts,
    walk_modules,
    walk_parameters,
)
from graphnet.graph.modules.registry import arguments_of, register, written
from graphnet.graph.running.run import Run, remember_run, run_module, run_of
from graphnet.graph.tracing.staleness import FlatVectors
from graphnet.graph.tracing.tracing import compute_inside
from graphnet.graph.values.hints import missing_attribute
from graphnet.graph.values.parameter import Parameter, ParameterTable
from graphnet.graph.values.random import new_generator
from graphnet.graph.values.selection import Wanted
from graphnet.ir.core.types import NDArray
from graphnet.native import is_available

if TYPE_CHECKING:
    from graphnet.graph.inspection.memory_plan import MemoryPlan
    from graphnet.graph.inspection.profile import Profile
    from graphnet.graph.inspection.summary import Summary
    from graphnet.graph.wiring.node import Node

Self = TypeVar("Self", bound="Module")


class Module(ABC):
    """One layer or operation: a function of one array or table, with parameters.

    ``compute`` runs once for each kind of input (shapes, dtypes, mode), on symbolic arrays: NumPy
    values in it become constants. What must be drawn anew for each run comes from ``ops.uniform``.

    A subclass stores each constructor argument under the argument's own name, its parameters as
    ``Parameter`` attributes and its parts as ``Module`` attributes, and defines ``compute``.

    >>> import numpy as np
    >>> class Scale(Module):
    ...     def __init__(self, size):
    ...         self.size = size
    ...         self.weight = Parameter(np.full(size, 2.0))
    ...
    ...     def compute(self, x):
    ...         return x * self.weight
    >>> scale = Scale(3)
    >>> scale.forward(np.ones(3))
    array([2., 2., 2.])
    """

    _version: int = 0
    is_training, is_compiled = True, False
    inside: str = ""
    """The part whose own parts count as this module's in paths (the cell of ``nn.Recurrent``)."""
    symbol: str = ""
    """How drawings show the module, where people have a sign for it (σ, tanh, +, ×)."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        register(cls)

    @abstractmethod
    def compute(self, input: Any) -> Any:
        """The output (array or table) for an input, in array operations on traced arrays."""

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, checked_attribute(self, Module, name, value))
        if name != "is_training":  # traces know the mode
            self.touch()

    def touch(self) -> None:
        """Say that the module changed, so that programs traced before are not used again."""
        object.__setattr__(self, "_version", self._version + 1)

    # ---- wiring

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        """A node, when applied to nodes; an input node, to nothing; the output, to arrays.
        Optional inputs follow the first one, or are given by name (``lstm(xs, lengths=n)``)."""
        from graphnet.graph.wiring.calling import apply_module

        return apply_module(self, inputs, named)

    def optional_inputs(self) -> tuple[str, ...]:
        """The names of the inputs that may be left out, the last entries of the input table."""
        return ()

    def required_inputs(self) -> int:
        """How many entries of the input table come before the optional ones."""
        return 1

    def __rsub__(self, parents: Any) -> Node:
        """``node - module`` and ``[node, node] - module``: nngraph's chaining."""
        return self(parents)  # type: ignore[no-any-return]

    def __neg__(self) -> Node:
        """``-module``: an input node."""
        return self()  # type: ignore[no-any-return]

    def call(self, value: Any, name: str | None = None) -> Any:
        """Compute within another module's ``compute``, so that equations carry this one's path."""
        return compute_inside(self, value, name)

    # ---- running

    def run(
        self,
        inputs: Any,
        *,
        keep: bool | Iterable[str] = True,
        trace: bool | Iterable[str] = False,
        trace_weights: bool | Iterable[str] = False,
        check_finite: bool = False,
        **named: Any,
    ) -> Run:
        """Compute the output and keep every node's: see ``Run``.

        ``inputs`` is an array or a table (list or tuple) of arrays; optional inputs may be given by
        name. ``keep`` names the nodes whose values and gradients are kept, or is True for all and
        False for none. ``trace`` does the same for the nodes inside sequences, which have a value
        at each step, and ``trace_weights`` for the gradients of parameters at each step. With
        ``check_finite``, a NaN or infinity raises NumericsError that names the node it came from.
        """
        wanted = Wanted.of(keep, trace, trace_weights)
        return run_module(self, arranged(self, (inputs,), named), check_finite, wanted)

    def forward(self, inputs: Any, *more: Any, check_finite: bool = False, **named: Any) -> Any:
        """The output for an input; tables come as lists."""
        table = arranged(self, (inputs, *more), named)
        run = self.run(table, keep=False, check_finite=check_finite)
        remember_run(self, run)
        return run.outputs

    def backward(self, inputs: Any, grad_outputs: Any = None, **named: Any) -> Any:
        """The gradient of the input, after ``forward`` on the same input in the same thread.

        ``grad_outputs`` has the structure and shapes of the output (1 for a scalar output may be
        left out). The gradients of the parameters are added to their ``grad``.
        """
        return run_of(self, arranged(self, (inputs,), named)).backward(grad_outputs)

    @property
    def generator(self) -> np.random.Generator:
        """The net's own random generator, seeded from the default one at first use."""
        return private(self, "_generator", new_generator)

    def seed(self: Self, seed: int) -> Self:
        """Restart the net's own random generator."""
        object.__setattr__(self, "_generator", np.random.default_rng(seed))
        return self

    # ---- parts and parameters

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules that this one is made of, with their names, in order."""
        return ((name, part) for name, part in parts_of(self) if isinstance(part, Module))

    def own_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """The parameters stored on this module itself."""
        return ((name, part) for name, part in parts_of(self) if isinstance(part, Parameter))

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """This module (named ``""``) and all its parts, each once, depth first."""
        return walk_modules(self)

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Each parameter once, with the path of its first place."""
        return walk_parameters(self)

    def parameters(self) -> ParameterTable:
        """All parameters; ``print`` shows names, shapes and values."""
        return ParameterTable(self.named_parameters(), self.named_modules)

    def flatten_parameters(self) -> tuple[NDArray, NDArray]:
        """All parameters as one vector and all gradients as another (Torch's ``getParameters``).

        ``weight`` and ``grad`` of every module are views of them from then on, until another net
        that shares some of them is flattened. Raises GraphError when the dtypes differ.
        """
        flat = FlatVectors.of(self)
        return flat.data, flat.grad

    def zero_grad(self) -> None:
        """Set all gradients to zero."""
        for parameter in self.parameters():
            parameter.zero_grad()

    # ---- modes and conversions

    def apply(self: Self, function: Callable[[Module], Any]) -> Self:
        """Call a function on every part, this module last."""
        for _, module in reversed(list(self.named_modules())):
            function(module)
        return self

    @property
    def training(self) -> bool:
        """Whether dropout and the like are on in this module; ``train`` and ``evaluate`` set it."""
        return self.is_training

    def train(self: Self, on: bool = True) -> Self:
        """Switch dropout and the like on, or off, here and in all parts; returns the module."""
        for _, module in self.named_modules():
            if module.is_training != on:
                module.is_training = on
        return self

    def evaluate(self: Self) -> Self:
        """Switch dropout and the like off, here and in all parts; returns the module."""
        return self.train(False)

    eval = evaluate  # PyTorch's name

    def compile(self: Self, on: bool = True) -> Self:
        """Run sequences as machine code from now on (where it has no rule, and with
        ``check_finite``, by the interpreter): the same results, to rounding."""
        object.__setattr__(self, "is_compiled", on and is_available(notify=True))
        return self

    def astype(self: Self, dtype: Any) -> Self:
        """Convert all parameters (floating inputs follow)."""
        for _, parameter in self.named_parameters():
            parameter.cast(dtype)
        return self.apply(Module.touch)

    def float(self: Self) -> Self:
        """Convert to float32."""
        return self.astype(np.float32)

    def double(self: Self) -> Self:
        """Convert to float64."""
        return self.astype(np.float64)

    def clone(self: Self, share: bool | Iterable[str] = False) -> Self:
        """A copy. ``share=True`` shares all parameters, ``share=["weight"]`` those of that name."""
        from graphnet.graph.files.clone import clone_module

        return cast(Self, clone_module(self, share))

    # ---- looking

    def summary(self, *shapes: Any, dtype: Any = None) -> Summary:
        """A table of nodes, output shapes, parameters and multiply-adds for inputs of these shapes.

        Nothing is computed: shape rules alone. One shape for each input, nested as the input is.
        """
        from graphnet.graph.inspection.summary import summarise

        return summarise(self, shapes, dtype)

    def memory_plan(self, *shapes: Any, dtype: Any = None, **named: Any) -> MemoryPlan:
        """What lies where in the memory of a compiled run, and when; nothing is computed.
        Shapes, or arrays, as for ``summary``; optional inputs may be given by name."""
        from graphnet.graph.inspection.planning import module_plan

        return module_plan(self, shapes, dtype, named)

    def profile(self, inputs: Any, *more: Any, repeats: int = 10, **named: Any) -> Profile:
        """Where the time of a run goes, by node: forward, and in training mode backward."""
        from graphnet.graph.inspection.measuring import profile_module

        return profile_module(self, arranged(self, (inputs, *more), named), repeats)

    def save(self, path: str | Path) -> None:
        """Write modules, wiring and parameters to one safetensors file: see ``graphnet.load``."""
        from graphnet.graph.files.storage import save

        save(self, path)

    def arguments(self) -> dict[str, Any]:
        """The constructor arguments, read from the attributes of the same names."""
        return {parameter.name: value for parameter, value in arguments_of(self)}

    def description(self) -> str:
        """As it is written: ``Linear(20, 10)``."""
        return written(self, hidden=Module)

    def __repr__(self) -> str:
        return text_of_parts(self)

    def __deepcopy__(self: Self, memo: dict[int, Any]) -> Self:
        from graphnet.graph.files.clone import clone_module

        return cast(Self, clone_module(self, False, memo))

    if not TYPE_CHECKING:  # a type checker shall go on to find what is not there

        def __getattr__(self, name: str) -> Any:
            raise missing_attribute(self, name)

    def __reduce__(self) -> tuple[Any, ...]:
        from graphnet.graph.files.rebuild import reduced

        return reduced(self)
