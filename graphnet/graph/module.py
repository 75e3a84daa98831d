"""Module: what authors subclass; wiring, running, saving and looking at a module."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from graphnet.graph.files.clone import clone_module
from graphnet.graph.files.rebuild import reduced
from graphnet.graph.files.save_load import save
from graphnet.graph.inspection.measuring import profile_of
from graphnet.graph.inspection.memory_plan import MemoryPlan
from graphnet.graph.inspection.planning import module_input, plan_of
from graphnet.graph.inspection.profile import Profile
from graphnet.graph.inspection.summary import Summary, summarise
from graphnet.graph.modules.authoring import check_compute
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.modules.calls import understanding
from graphnet.graph.modules.optional import arranged
from graphnet.graph.modules.parts import checked_attribute
from graphnet.graph.modules.registry import is_own, register
from graphnet.graph.nodes.calling import node_of_call
from graphnet.graph.nodes.node import Node, node_here
from graphnet.graph.running.backward_call import run_and_seed
from graphnet.graph.running.executables import executable_for
from graphnet.graph.running.run import Run, remember_run, run_module, run_of
from graphnet.graph.tracing.staleness import FlatVectors
from graphnet.graph.tracing.tracing import compute_inside
from graphnet.graph.values.context import current_tracing
from graphnet.graph.values.module_array import ModuleArray
from graphnet.graph.values.selection import NOTHING, Selection
from graphnet.ir.core.types import NDArray
from graphnet.native import is_available
from graphnet.tracebacks import public, shorten

Self = TypeVar("Self", bound="Module")


class Module(BaseModule):
    """One layer or operation: a function of one array or table, with parameters.

    ``compute`` runs once for each kind of input (shapes, dtypes, mode), on symbolic arrays: NumPy
    values in it become constants. What must be drawn anew for each run comes from ``ops.uniform``.

    A subclass stores each constructor argument under the argument's own name, its parameters as
    ``Parameter`` attributes, other state as ``Buffer`` attributes, its parts as ``Module``
    attributes, and defines ``compute``.

    >>> import numpy as np
    >>> from graphnet import Module, Parameter
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

    def __init_subclass__(cls, **options: Any) -> None:
        try:
            super().__init_subclass__(**options)
            if not is_own(cls):
                check_compute(cls)
            register(cls)
        except Exception as error:
            shorten(error)
            raise

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, ModuleArray) and self.__dict__.get(name) is value:
            return  # self.buffer += values
        object.__setattr__(self, name, checked_attribute(self, Module, name, value))
        if name != "is_training":  # traces compare the mode
            self.touch()

    # ---- wiring

    def __call__(self, /, *inputs: Any, **named: Any) -> Any:
        """A node, when applied to nodes; an input node, to nothing; the output, to arrays.
        Inputs of a graph or criterion are arguments, or one table; those with names may be given by
        name. A module whose ``compute`` takes a table receives it as one list."""
        try:
            if not inputs and not named:
                return node_here(self, ())
            value = arranged(self, inputs, named)
            node = node_of_call(self, value)
            if node is not None:
                return node
            return self.call(value) if current_tracing.get() else self.forward(value)
        except Exception as error:
            shorten(error)
            raise

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
        /,
        *inputs: Any,
        keep: bool | Iterable[str] = True,
        trace: bool | Iterable[str] = False,
        trace_weights: bool | Iterable[str] = False,
        check_finite: bool = False,
        **named: Any,
    ) -> Run:
        """Compute the output and keep every node's: see ``Run``.

        ``inputs`` is an array or a table (list or tuple) of arrays; several inputs of a graph may
        also be several arguments, and those with names be given by name (a module whose ``compute``
        takes a table is given one list). ``keep`` names the nodes whose values and gradients are
        kept, or is True for all and False for none. ``trace`` does the same for the nodes inside
        sequences, which have a value at each step, and ``trace_weights`` for the gradients of
        parameters at each step. With ``check_finite``, a NaN or infinity
        raises NumericsError that names the node it came from.
        """
        try:
            selection = Selection.of(keep, trace, trace_weights)
            return run_module(self, arranged(self, inputs, named), check_finite, selection)
        except Exception as error:
            shorten(error)
            raise

    def forward(self, /, *inputs: Any, check_finite: bool = False, **named: Any) -> Any:
        """The output for an input; tables come as lists.

        ``inputs`` are as in ``run``: of a graph, ``net.forward(a, b)`` is ``net.forward([a, b])``.
        Raises ShapeError, DtypeError or GraphError that names the node and the shapes it received.
        """
        try:
            run = run_module(self, arranged(self, inputs, named), check_finite, NOTHING)
            remember_run(self, run)
            return run.outputs
        except Exception as error:
            shorten(error)
            raise

    def backward(self, /, *inputs: Any, grad_outputs: Any = None, **named: Any) -> Any:
        """The gradient of the input, after ``forward`` on the same input in the same thread.

        ``grad_outputs`` follows the inputs that ``forward`` received, or is given by name; it has
        the structure and shapes of the output (1 for a scalar output may be left out). The
        gradients of the parameters are added to their ``grad``. Raises GraphError or ShapeError for
        gradients that do not fit, GraphError for another input.
        """
        try:
            if len(inputs) > 1 and grad_outputs is None:
                run, grad_outputs = run_and_seed(self, inputs, named)
            else:
                run = run_of(self, arranged(self, inputs, named))
            return run.backward(grad_outputs)
        except Exception as error:
            shorten(error)
            raise

    def flatten_parameters(self) -> tuple[NDArray, NDArray]:
        """All parameters as one vector and all gradients as another (Torch's ``getParameters``).

        ``weight`` and ``grad`` of every module are views of them from then on, until another net
        that shares some of them is flattened. Raises GraphError when the dtypes differ.
        """
        try:
            flat = FlatVectors.of(self).flat
            return flat.data, flat.grad
        except Exception as error:
            shorten(error)
            raise

    @understanding
    def compile(self: Self, on: bool = True) -> Self:
        """Run sequences as machine code from now on (where it has no rule, and with
        ``check_finite``, by the interpreter): the same results, to rounding."""
        object.__setattr__(self, "is_compiled", on and is_available(notify=True))
        return self

    @public
    def clone(self: Self, share: bool | Iterable[str] = False) -> Self:
        """A copy. ``share=True`` shares all parameters and buffers, ``share=["weight"]`` those of
        that name.

        Raises GraphError for a name of none.
        """
        return cast(Self, clone_module(self, share))

    # ---- looking

    @public
    def summary(self, *shapes: Any, dtype: Any = None) -> Summary:
        """A table of nodes, output shapes, parameters and multiply-adds for inputs of these shapes.

        Nothing is computed: shape rules alone. One shape for each input, nested as the input is; a
        dtype may follow it, ``net.summary((7, 4), int)``, and ``dtype`` is that of all others.
        """
        return summarise(self, shapes, dtype)

    @public
    def memory_plan(self, *shapes: Any, dtype: Any = None, **named: Any) -> MemoryPlan:
        """The buffer assignment of a compiled run: offsets and lifetimes. Nothing is computed.

        Takes shapes or arrays, as ``summary``; those with names may be given by name. Raises
        GraphError without llvmlite, ShapeError without shapes.
        """
        value = module_input(self, shapes, dtype, named)
        return plan_of(executable_for(self, value, NOTHING)[0])

    @public
    def profile(self, /, *inputs: Any, repeats: int = 10, **named: Any) -> Profile:
        """Seconds by node: forward, in training mode also backward; medians of ``repeats`` runs.

        Raises GraphError for less than 1 of these.
        """
        value = arranged(self, inputs, named)
        executable, leaves = executable_for(self, value, NOTHING)
        return profile_of(executable, leaves, self.is_compiled, repeats)

    @public
    def save(self, path: str | Path) -> None:
        """Write modules, wiring and parameters to one safetensors file: see ``graphnet.load``.

        Raises GraphError for an argument that a file cannot hold (a function), OSError if the disk
        refuses.
        """
        save(self, path)

    def __deepcopy__(self: Self, memo: dict[int, Any]) -> Self:
        return cast(Self, clone_module(self, False, memo))

    if TYPE_CHECKING:  # parts are of this class, too

        def named_children(self) -> Iterator[tuple[str, Module]]: ...

        def named_modules(self) -> Iterator[tuple[str, Module]]: ...

    def __reduce__(self) -> tuple[Any, ...]:
        return reduced(self)
