"""Batches of any kind, epoch by epoch: lists, iterables, functions that make iterables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeAlias, final, runtime_checkable

import numpy as np

from graphnet.errors import DataError
from graphnet.train.loop.pairs import alone, is_pair, kind_of, pair_of


@runtime_checkable
class Listed(Protocol):
    """What has a length and entries by number, as PyTorch's data sets."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Any: ...


Batches: TypeAlias = Iterable[Any] | Listed | Callable[[], Iterable[Any]]
"""Pairs (input, target): a list, another iterable, or a function that makes one for each epoch.

Inputs alone where the net's output is the loss. To resume at any batch they must be the same in
every epoch.
"""

EXPECTED = (
    "expected a list of pairs (input, target), another iterable of them or a generator function"
)


@final
class BatchSource:
    """Batches that are gone through once in each epoch. Raises DataError for what has none.

    They are pairs (input, target), or inputs alone if they have no target.
    """

    def __init__(self, batches: Batches, purpose: str, has_target: bool = True) -> None:
        kind = type(batches)  # a class is called, whatever its objects can do
        self.is_listed = hasattr(kind, "__len__") and hasattr(kind, "__getitem__")
        self._is_iterable = isinstance(batches, Iterable)
        is_known = self.is_listed or self._is_iterable or callable(batches)
        is_one_batch = isinstance(batches, tuple) and not all(map(is_pair, batches))
        is_array = has_target and is_numeric(batches)
        if isinstance(batches, Mapping | str | bytes) or is_one_batch or is_array or not is_known:
            raise refused(batches)
        self._batches = batches
        self._purpose = purpose
        self._pair = pair_of if has_target else alone
        self.count = length_of(batches)
        if self.count == 0:
            raise self.empty()

    def require_epochs(self, epochs: int) -> None:
        """Raise DataError where what can be gone through only once is to last several epochs."""
        if epochs > 1 and isinstance(self._batches, Iterator):
            kind = type(self._batches).__name__
            raise DataError(
                f"The trainer received a {kind}, which can be gone through only once, for "
                f"{epochs} epochs to {self._purpose}",
                "Give a list, a DataLoader, or the generator function itself: "
                "fit(make_batches, …), not fit(make_batches(), …).",
            )

    def require_list(self) -> None:
        """Raise DataError where batches cannot be taken in any order."""
        if not self.is_listed:
            raise DataError(
                f"The trainer cannot shuffle a {type(self._batches).__name__}: expected a list",
                "Shuffle where the batches are made: DataLoader(…, shuffle=True).",
            )

    def pairs(self, first: int = 0, shuffle_key: Sequence[int] | None = None) -> Iterator[Any]:
        """The pairs (input, target) from number ``first`` on; counts them where it was unknown.

        A target that there is not is None. ``shuffle_key`` is the seed of their order.
        """
        if self.is_listed:
            batches: Any = self._batches
            places = np.arange(self.count or 0)
            if shuffle_key is not None:
                places = np.random.default_rng(shuffle_key).permutation(places)
            for place in places[first:].tolist():
                yield self._pair(batches[place])
            return
        number = 0
        made: Any = self._batches if self._is_iterable else self._made()
        for number, batch in enumerate(made, 1):
            if number > first:
                yield self._pair(batch)
        if number == 0:
            raise self.empty()
        self.count = number

    def _made(self) -> Iterable[Any]:
        made = self._batches()  # type: ignore[operator]  # what is no iterable is a function
        if not isinstance(made, Iterable):
            raise refused(made, "from a function of batches ")
        return made

    def empty(self) -> DataError:
        """The error where there is nothing."""
        is_spent = isinstance(self._batches, Iterator)
        hint = "A generator that was gone through before gives nothing more." if is_spent else ""
        return DataError(f"There is no batch to {self._purpose}", hint)


def is_numeric(batches: Any) -> bool:
    """Whether it is an array or a tensor, which holds numbers, no pairs."""
    return hasattr(batches, "shape") and getattr(batches, "dtype", None) != np.dtype(object)


def length_of(batches: Any) -> int | None:
    """How many batches there are, if that is known before they are gone through."""
    try:
        return len(batches)
    except TypeError:  # a generator; a DataLoader of unknown length
        return None


def refused(batches: Any, whence: str = "") -> DataError:
    is_array = hasattr(batches, "shape")
    kind = kind_of(batches) if is_array else type(batches).__name__
    return DataError(
        f"The trainer received {kind} {whence}as its batches, {EXPECTED}",
        "Batches are one list of pairs: fit([(X, Y)], epochs=3)."
        if is_array
        else "One pair is one batch: fit([(x, y)], epochs=10).",
    )
