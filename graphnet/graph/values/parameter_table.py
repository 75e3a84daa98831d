"""The parameters, or the buffers, of a module in order: by number, by path, and as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, TypeVar, overload, runtime_checkable

import numpy as np

from graphnet.errors import GraphError
from graphnet.graph.values.hints import did_you_mean, listed
from graphnet.graph.values.module_array import ModuleArray
from graphnet.graph.values.parameter import Parameter
from graphnet.html_table import html_table
from graphnet.ir.core.types import NDArray
from graphnet.text_table import Table
from graphnet.tracebacks import public

T = TypeVar("T", bound=ModuleArray)


@runtime_checkable
class NamesRows(Protocol):
    """A module to which some rows of another module's parameters belong, each under a name."""

    def parameter_rows(self) -> Iterable[tuple[str, Parameter, slice]]: ...


class ParameterTable(Sequence[T]):
    """The parameters of a module in order: ``table[0]``, ``table["h2h.weight"]``, ``print``; or the
    buffers, as ``noun`` says.

    ``parts`` gives the module's parts with their paths: those that name rows are printed.
    """

    def __init__(
        self,
        named: Iterable[tuple[str, T]],
        parts: Callable[[], Iterable[tuple[str, object]]] = tuple,
        noun: str = "parameter",
    ) -> None:
        self._noun = noun
        pairs = list(named)
        self._parts = parts
        self.named = dict(pairs)
        self._values = [parameter for _, parameter in pairs]

    @overload
    def __getitem__(self, key: int | str) -> T: ...
    @overload
    def __getitem__(self, key: slice) -> list[T]: ...
    @public
    def __getitem__(self, key: int | str | slice) -> T | list[T]:
        if isinstance(key, str):
            if key not in self.named:
                guess = did_you_mean(key, self.named)
                raise GraphError(
                    f"There is no {self._noun} named {key!r}", listed(guess, list(self.named))
                )
            return self.named[key]
        return self._values[key]

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[T]:
        return iter(self._values)

    def __repr__(self) -> str:
        return str(self._table()) if self.named else f"no {self._noun}s"

    def _repr_html_(self) -> str | None:
        return html_table(self._table()) if self.named else None

    def _table(self) -> Table:
        total = sum(p.size for p in self._values)
        rows = [(self._noun, "shape", "dtype", "values")]
        inner = self._inner_rows()
        for name, p in self.named.items():
            rows.append((name, str(p.shape), str(p.dtype), short_view(p.data)))
            rows += [line for _, line in sorted(inner.get(p, []))]
        return Table(rows, after=[f"{len(self)} {self._noun}s, {total:,} numbers"])

    def _inner_rows(self) -> dict[ModuleArray, list[tuple[int, tuple[str, str, str, str]]]]:
        """A line and its first row for each named range of rows."""
        found: dict[ModuleArray, list[tuple[int, tuple[str, str, str, str]]]] = {}
        for path, part in self._parts():
            if isinstance(part, NamesRows):
                for name, p, span in part.parameter_rows():
                    rows = f"{span.start}:{span.stop}"
                    line = (f"  {path}.{name}", rows, "", short_view(p.data[span]))
                    found.setdefault(p, []).append((span.start, line))
        return found


def short_view(values: NDArray, shown: int = 4) -> str:
    """The first and last numbers of an array in a line, with their mean and standard deviation."""
    flat = values.reshape(-1)
    texts = [f"{v: .4g}" for v in (flat if flat.size <= shown else flat[: shown - 1])]
    if flat.size > shown:
        texts += ["…", f"{flat[-1]: .4g}"]
    with np.errstate(all="ignore"):  # of infinities
        spread = f"   (mean {flat.mean():.3g}, std {flat.std():.3g})" if flat.size > 1 else ""
    return " ".join(texts) + spread
