"""BaseModule: computation, parts, parameters, modes; ``Module`` adds running, saving and more."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from graphnet.graph.modules.calls import check_constructor, checked
from graphnet.graph.modules.parts import parts_of, private, put, replaced
from graphnet.graph.modules.picture import picture_of
from graphnet.graph.modules.registry import arguments_of, written
from graphnet.graph.values.buffer import Buffer
from graphnet.graph.values.parameter import Parameter
from graphnet.graph.values.parameter_table import ParameterTable
from graphnet.graph.values.random import new_generator
from graphnet.graph.values.selection import join_path
from graphnet.names.objects import MODULES
from graphnet.tracebacks import public

Self = TypeVar("Self", bound="BaseModule")
Found = TypeVar("Found", bound="BaseModule")
made_by_user = partial(checked, of_module=True)


class BaseModule(ABC):
    """The part of ``Module`` that tracing, execution and files use."""

    _version: int = 0
    _is_wired: bool = False
    """Whether it has nodes, by which files describe it."""
    is_training, is_compiled = True, False
    is_source: bool = False
    """Whether a node of it without parents is no input: it gives a value of its own."""
    converted_to: Any = None
    """The dtype that ``astype`` has given to a net; it counts where no parameter tells one."""
    inside: str = ""
    """The part whose own parts count as this module's in paths (the cell of ``nn.Recurrent``)."""
    symbol: str = ""
    """How drawings show the module, where there is a common sign for it (σ, tanh, +, ×)."""

    @made_by_user  # noqa: B027 (a class without settings defines none)
    def __init__(self) -> None:
        """A module without settings; classes that have some need not call it."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        check_constructor(cls)

    @abstractmethod
    def compute(self, input: Any) -> Any:
        """The output (array or table) for an input, in array operations on traced arrays."""

    def touch(self) -> None:
        """Invalidate the traces of the module."""
        object.__setattr__(self, "_version", self._version + 1)

    def optional_inputs(self) -> tuple[str, ...]:
        """The names of the inputs that may be left out, the last entries of the input table."""
        return ()

    def required_inputs(self) -> int:
        """How many entries of the input table come before the optional ones."""
        return 1

    def required_names(self) -> tuple[str, ...]:
        """The names of these entries; empty where they have none."""
        return ()

    def takes_steps(self) -> bool:
        """Whether a list of one entry is a table of one step, and not that entry."""
        return False

    # ---- parts and parameters

    def named_children(self) -> Iterator[tuple[str, BaseModule]]:
        """The modules that this one is made of, with their names, in order."""
        return ((name, part) for name, part in parts_of(self) if isinstance(part, BaseModule))

    def own_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """The parameters stored on this module itself."""
        return ((name, part) for name, part in parts_of(self) if isinstance(part, Parameter))

    def named_modules(self) -> Iterator[tuple[str, BaseModule]]:
        """This module (named ``""``) and all its parts, each once, depth first."""
        seen: set[int] = set()
        stack: list[tuple[str, BaseModule]] = [("", self)]
        while stack:
            path, part = stack.pop()
            if id(part) in seen:
                continue
            seen.add(id(part))
            yield path, part
            children = [
                (path if name == part.inside else join_path(path, name), child)
                for name, child in part.named_children()
            ]
            stack.extend(reversed(children))

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Each parameter once, with the first of its paths."""
        seen: set[Parameter] = set()
        for path, part in self.named_modules():
            for name, parameter in part.own_parameters():
                if parameter not in seen:
                    seen.add(parameter)
                    yield join_path(path, name), parameter

    def parameters(self) -> ParameterTable[Parameter]:
        """All parameters; ``print`` shows names, shapes and values."""
        return ParameterTable(self.named_parameters(), self.named_modules)

    # ---- buffers

    def own_buffers(self) -> Iterator[tuple[str, Buffer]]:
        """The buffers stored on this module itself."""
        return ((name, part) for name, part in parts_of(self) if isinstance(part, Buffer))

    def named_buffers(self) -> Iterator[tuple[str, Buffer]]:
        """Each buffer once, with the first of its paths."""
        seen: set[Buffer] = set()
        for path, part in self.named_modules():
            for name, buffer in part.own_buffers():
                if buffer not in seen:
                    seen.add(buffer)
                    yield join_path(path, name), buffer

    def buffers(self) -> ParameterTable[Buffer]:
        """All buffers; ``print`` shows names, shapes and values."""
        return ParameterTable(self.named_buffers(), noun="buffer")

    def zero_grad(self) -> None:
        """Set all gradients to zero."""
        for parameter in self.parameters():
            parameter.zero_grad()

    def reset(self: Self) -> Self:
        """Draw all parameters anew, each by its own initialiser, from the net's generator.

        ``net.seed(0).reset()`` gives the same values each time; what they are drawn from is what
        they were made with, or what ``nn.init.apply`` gave them. Parameters made from values stay
        as they are. Returns the module.
        """
        for parameter in self.parameters():
            parameter.reset(self.generator)
        for _, part in self.named_modules():
            part._after_reset()
        return self

    def update_parameters(self, learning_rate: float) -> None:
        """Subtract ``learning_rate`` times its gradient from each parameter (Torch's
        updateParameters); optimisers are in ``optim``."""
        for parameter in self.parameters():
            parameter[...] = parameter.data - learning_rate * parameter.grad

    # ---- the modules inside

    def find_modules(self, kind: type[Found]) -> list[Found]:
        """This module and its parts at any depth that are of a class, each once (Torch's
        findModules); ``named_modules`` gives their paths."""
        return [part for _, part in self.named_modules() if isinstance(part, kind)]

    @public
    def replace(self, function: Callable[[Any], BaseModule]) -> BaseModule:
        """Put what a function makes of each part in its place, the innermost first, and return what
        it makes of this module (Torch's replace).

        A module in several places becomes one module. Raises GraphError where the function returns
        no module.
        """
        result: BaseModule = replaced(self, function, {}, BaseModule)
        return result

    def _put_part(self, name: str, part: BaseModule) -> None:
        """Set a part that ``named_children`` lists."""
        put(self, name, part)

    # ---- modes and conversions

    def apply(self: Self, function: Callable[[Any], Any]) -> Self:
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

    def astype(self: Self, dtype: Any) -> Self:
        """Convert all parameters and floating buffers (floating inputs follow)."""
        for _, array in (*self.named_parameters(), *self.named_buffers()):
            array.cast(dtype)
        object.__setattr__(self, "converted_to", np.dtype(dtype))
        return self.apply(BaseModule.touch)

    def float(self: Self) -> Self:
        """Convert to float32."""
        return self.astype(np.float32)

    def double(self: Self) -> Self:
        """Convert to float64."""
        return self.astype(np.float64)

    @property
    def generator(self) -> np.random.Generator:
        """The net's own random generator, seeded from the default one at first use."""
        return private(self, "_generator", new_generator)

    def seed(self: Self, seed: int) -> Self:
        """Restart the net's own random generator."""
        object.__setattr__(self, "_generator", np.random.default_rng(seed))
        return self

    # ---- as text, and as data

    def arguments(self) -> dict[str, Any]:
        """The constructor arguments, read from the attributes of the same names.

        Raises GraphError where the class does not keep one.
        """
        return {parameter.name: value for parameter, value in arguments_of(self)}

    def description(self) -> str:
        """As in source code: ``Linear(20, 10)``."""
        return written(self, hidden=BaseModule)

    def __repr__(self) -> str:
        lines: list[str] = []
        stack: list[tuple[int, str, BaseModule]] = [(0, "", self)]
        while stack:
            depth, label, part = stack.pop()
            lines.append("  " * depth + label + part.description())
            inner = [(depth + 1, f"{name}: ", child) for name, child in part._listed_children()]
            stack.extend(reversed(inner))
        return "\n".join(lines)

    def _repr_svg_(self) -> str | None:
        """The picture in a notebook; None leaves the text."""
        return picture_of(self)

    def _listed_children(self) -> Iterator[tuple[str, BaseModule]]:
        """The parts in the order in which they are printed."""
        return self.named_children()

    def _wiring(self, numbers: Mapping[int, int]) -> dict[str, Any] | None:
        """The nodes of a graph as plain data, with modules by number (found by id).

        None for a module that its constructor arguments make.
        """
        return None

    @classmethod
    def _from_wiring(
        cls, data: Mapping[str, Any], modules: Sequence[BaseModule], arguments: Mapping[str, Any]
    ) -> BaseModule:
        """The module of such data, with the arguments that its constructor was given."""
        raise TypeError(f"{cls.__name__} is no graph")

    def _copy_wiring(self, memo: dict[int, Any]) -> None:  # noqa: B027 (few have any)
        """Put copies of the nodes of a graph, whose modules are copied already, into a memo."""

    def _after_copy(self) -> None:  # noqa: B027
        """Make the indices of a copy."""

    def _after_reset(self) -> None:  # noqa: B027
        """Set the parameters that follow from others."""

    if not TYPE_CHECKING:  # type checkers report missing attributes

        @public
        def __getattr__(self, name: str) -> Any:
            return MODULES.attribute(self, type(self).__name__, name)
