"""Containers: modules made of other modules, in sequence, in parallel, or one for all entries."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from math import prod
from typing import Any, TypeVar, overload

from graphnet.errors import GraphError
from graphnet.graph import Module
from graphnet.graph.modules.base import BaseModule
from graphnet.graph.values.hints import kind_of
from graphnet.graph.values.table import describe
from graphnet.graph.wiring.arithmetic import require_table
from graphnet.graph.wiring.lookup import inner_names, named_part
from graphnet.ir.core.types import normalise_axis
from graphnet.nn.layers.linear import positive
from graphnet.nn.layers.shape import along
from graphnet.nn.layers.tables import require_array
from graphnet.ops import concatenate
from graphnet.tracebacks import public

__all__ = [
    "Bottle",
    "Concat",
    "ConcatTable",
    "Container",
    "MapTable",
    "Parallel",
    "ParallelTable",
    "Sequential",
]

Self = TypeVar("Self", bound="Container")


class Container(Module):
    """A module made of the list ``modules``, whose entries are named by their position.

    ``container[0]`` is the first module, ``container["0.weight"]`` its weight, and
    ``container.add(module)`` appends one and returns the container. Shapes are those that its
    modules take and return.
    """

    modules: list[Module]

    @public
    def add(self: Self, module: Module) -> Self:
        """Append a module and return the container; raises GraphError if it is no module."""
        if not isinstance(module, Module):
            raise GraphError(
                f"cannot add {shown(module):.200}, expected a module",
                instead_of(module, type(self).__name__),
                type(self).__name__,
            )
        self.modules.append(module)
        self.touch()
        return self

    @overload
    def __getitem__(self, index: int) -> Module: ...
    @overload
    def __getitem__(self, index: str) -> Any: ...
    @public
    def __getitem__(self, index: int | str) -> Any:
        """The module at a position, or the part or parameter at a path: ``net["0.weight"]``."""
        if isinstance(index, str):
            return named_part(self, index)
        return self.modules[index]

    def _ipython_key_completions_(self) -> list[str]:
        return inner_names(self)

    def __len__(self) -> int:
        return len(self.modules)

    def __bool__(self) -> bool:
        return True

    def named_children(self) -> Iterator[tuple[str, Module]]:
        for index, module in enumerate(self.modules):
            yield str(index), module

    def _put_part(self, name: str, part: BaseModule) -> None:
        super()._put_part(f"modules.{name}", part)

    @abstractmethod
    def compute(self, input: Any) -> Any: ...


def shown(value: Any) -> str:
    """A value that is no module, in an error."""
    return kind_of(value) if isinstance(value, type) else repr(value)


def instead_of(value: Any, container: str) -> str:
    """What to give a container in place of what is no module."""
    if isinstance(value, type):
        return f"{value.__name__} is a class: add {value.__name__}(…), a module of it."
    if isinstance(value, list | tuple):
        return f"Give the modules themselves: {container}(a, b), or {container}(*modules)."
    return "Containers hold modules, not nodes."


def filled(container: Self, modules: tuple[Module, ...]) -> Self:
    """Give a new container its modules."""
    container.modules = []
    for module in modules:
        container.add(module)
    return container


class Sequential(Container):
    """Function composition: each module takes the output of the one before.

    The input has the shape that the first module takes, the output the shape that the last returns.
    Without modules it is the identity. Torch's nn/Sequential.lua.
    """

    def __init__(self, *modules: Module) -> None:
        filled(self, modules)

    def takes_steps(self) -> bool:
        return bool(self.modules) and self.modules[0].takes_steps()

    def compute(self, input: Any) -> Any:
        for name, module in self.named_children():
            input = module.call(input, name)
        return input


class ConcatTable(Container):
    """All modules take the same input, of any shape; the output is the table of their outputs.

    Torch's nn/ConcatTable.lua.
    """

    def __init__(self, *modules: Module) -> None:
        filled(self, modules)

    def compute(self, input: Any) -> Any:
        return [module.call(input, name) for name, module in self.named_children()]


class ParallelTable(Container):
    """Module i takes entry i of the input table; the output is the table of their outputs.

    Entries may differ in shape. Raises GraphError if there are not as many entries as modules.
    Torch's nn/ParallelTable.lua.
    """

    def __init__(self, *modules: Module) -> None:
        filled(self, modules)

    def compute(self, table: Any) -> Any:
        entries = require_table(table)
        require_count(self, len(entries), table)
        pairs = zip(self.named_children(), entries, strict=True)
        return [module.call(entry, name) for (name, module), entry in pairs]


class Concat(Container):
    """All modules take the same input; their outputs are concatenated along ``axis``.

    Outputs of shapes (…, n, …) and (…, m, …) give (…, n + m, …). Raises ShapeError if they differ
    on another axis, GraphError without modules. Torch's nn/Concat.lua.
    """

    def __init__(self, axis: int, *modules: Module) -> None:
        self.axis = axis
        filled(self, modules)

    def compute(self, input: Any) -> Any:
        require_modules(self)
        outputs = [module.call(input, name) for name, module in self.named_children()]
        return concatenate(outputs, self.axis)


class Parallel(Container):
    """Module i takes slice i along ``input_axis``; outputs are concatenated along ``output_axis``.

    The slices lack the input axis, whose size is the number of modules: (2, …) is two arrays (…).
    Raises GraphError for another size, ShapeError if there is no such axis or if the outputs differ
    on another axis. Torch's nn/Parallel.lua.
    """

    def __init__(self, input_axis: int, output_axis: int, *modules: Module) -> None:
        self.input_axis = input_axis
        self.output_axis = output_axis
        filled(self, modules)

    def compute(self, x: Any) -> Any:
        require_modules(self)
        axis = normalise_axis(self.input_axis, require_array(x).ndim)
        require_count(self, x.shape[axis], x)
        outputs = [
            module.call(along(x, axis, i), name)
            for i, (name, module) in enumerate(self.named_children())
        ]
        return concatenate(outputs, self.output_axis)


def require_modules(container: Container) -> None:
    """Raise GraphError for a container without modules, where nothing can be computed."""
    if not len(container):
        raise GraphError("has no modules", f"{type(container).__name__}.add appends one.")


def require_count(container: Container, count: int, received: Any) -> None:
    if count != len(container):
        raise GraphError(
            f"has {len(container)} modules and receives {count} parts: {describe(received)}",
            "Each module takes one part.",
        )


class MapTable(Module):
    """One module applied to each entry of a table of any shapes, with shared parameters.

    The output is the table of its outputs. Raises GraphError for an array.
    """

    def __init__(self, module: Module) -> None:
        self.module = module

    def compute(self, table: Any) -> Any:
        return [self.module.call(entry) for entry in require_table(table)]


class Bottle(Module):
    """Folds leading axes into one for a module of ``input_dims`` axes, and unfolds its output.

    With ``input_dims`` 2: (steps, batch, features) becomes (steps batch, features) and back.
    ``output_dims`` is the number of axes that the module returns, ``input_dims`` by default. An
    input of no more axes goes to the module unchanged. Torch's nn/Bottle.lua. Raises ValueError for
    a number of axes below 1, GraphError for a table.
    """

    def __init__(self, module: Module, input_dims: int = 2, output_dims: int | None = None) -> None:
        self.module = module
        self.input_dims = positive("Bottle: input_dims", input_dims)
        self.output_dims = (
            None if output_dims is None else positive("Bottle: output_dims", output_dims)
        )

    def compute(self, x: Any) -> Any:
        cut = require_array(x).ndim - self.input_dims + 1
        if cut < 2:
            return self.module.call(x)
        y = self.module.call(x.reshape((prod(x.shape[:cut]), *x.shape[cut:])))
        kept = self.input_dims if self.output_dims is None else self.output_dims
        return y.reshape((*x.shape[:cut], *y.shape[y.ndim - kept + 1 :]))
